#pragma once
// The limits of judgement, each with its reason.

namespace relapse::diagnose {

struct Settings {
  // How long nothing may have happened before even a proof is spoken: the user's choice.
  double quiet_ms = 5000;

  // Evidence (not proof) needs at least this. Programs commonly give an input some 3 s of grace
  // before they go on without it; 5 s is past that.
  double evidence_floor_ms = 5000;

  // An input that was written to once may be written to again: a conversation has pauses.
  double spoken_floor_ms = 10000;

  // When whoever could end the wait cannot be seen (a remote host, a timer without a trace such
  // as alarm): a slow answer takes seconds, so 30 s is long.
  double unseen_floor_ms = 30000;

  // A holder's own timer up to this is waited out once: it may be there to write. Longer ones
  // are heartbeats and watchdogs.
  double holder_timer_ms = 10000;

  // A time-out further away than this is nobody's plan, only a runtime's way to say "for ever"
  // (a day is common). Plain sleeps are believed however long they are.
  double horizon_ms = 3600e3;

  // Shorter quiet stretches are nobody's grace period: not reported.
  double stall_min_ms = 1000;

  // An idle runtime's own doings (garbage collection, timers) stay below 5 % of one processor,
  // measured with real agents that hung: 0.3 to 2 %.
  double idle_cpu_share = 0.05;

  // A program that is runnable for half of the time is busy, however little of a processor a
  // crowded machine gives it; an idle runtime's wake-ups stay far below, waits for a turn included.
  double starved_cpu_share = 0.5;

  // Such a runtime also reads its own /proc files and wakes its threads through eventfds, which
  // count as reads: 40 bytes a second were seen.
  double idle_read_bytes_s = 512;
  double idle_read_calls_s = 20;

  double young_ms = 500;        // a tree with a process younger than this is sampled more often,
  double young_sample_ms = 25;  // so that what goes into its input is seen before it is read
  double sample_ms = 100;       // between two cheap looks
  double collect_ms = 400;      // between two full looks at a quiet tree
  double busy_ms = 1000;        // and at a busy one, where some threads may stand still for ever
};

}  // namespace relapse::diagnose
