// Preloaded into every dynamic program of an observed build: writes down which variables are asked
// for with getenv(3), from which object, and which files of the project are opened for reading.
// Nothing is changed for the program, and no value is written. Uses nothing that allocates, and no
// descriptor stays open, so that it can stand in any program.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char** environ;

enum { kLineMax = 8192, kSeenMax = 8192 };

static char log_file[4096];
static char root[4096];
static char program[4096];
static size_t root_length;
static int program_is_node;

// A slot holds the hash of something written already; a collision costs one line, no more.
static uint64_t seen[kSeenMax];

static const char* lookup(const char* name) {
  const size_t length = strlen(name);
  for (char** entry = environ; entry != NULL && *entry != NULL; ++entry) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
      return *entry + length + 1;
    }
  }
  return NULL;
}

__attribute__((constructor)) static void start(void) {
  const char* folder = lookup("RELAPSE_OBSERVE");
  const char* project = lookup("RELAPSE_OBSERVE_ROOT");
  if (folder == NULL || project == NULL || strlen(project) >= sizeof(root)) {
    return;
  }
  strcpy(root, project);
  root_length = strlen(root);
  ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
  program[length > 0 ? length : 0] = '\0';
  // Node reads its environment through getenv; its own hook knows the place of each read.
  program_is_node = dlsym(RTLD_DEFAULT, "uv_version") != NULL;
  snprintf(log_file, sizeof(log_file), "%s/native-%d", folder, (int)getpid());
}

static int is_new(uint64_t hash) {
  uint64_t* slot = &seen[hash % kSeenMax];
  if (*slot == hash) {
    return 0;
  }
  *slot = hash;
  return 1;
}

static uint64_t hash_of(uint64_t hash, const char* text) {
  for (; *text != '\0'; ++text) {
    hash = (hash ^ (unsigned char)*text) * 1099511628211U;  // FNV-1a
  }
  return hash;
}

static void write_line(const char* kind, const char* first, const char* second,
                       const char* third) {
  char line[kLineMax];
  const int length =
      snprintf(line, sizeof(line), "%s\t%s\t%s\t%s\n", kind, first, second, third);
  if (length <= 0 || length >= (int)sizeof(line)) {
    return;
  }
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, log_file,
                              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) {
    (void)!syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
  }
}

static void note_variable(const char* name, const void* caller) {
  if (log_file[0] == '\0' || name[0] == '\0' || strlen(name) > 256 ||
      strpbrk(name, "\t\n") != NULL) {
    return;
  }
  if (!is_new(hash_of((uint64_t)(uintptr_t)caller | 1, name))) {
    return;
  }
  const int error = errno;
  Dl_info place;
  const char* object = dladdr(caller, &place) != 0 && place.dli_fname != NULL ? place.dli_fname
                                                                              : "";
  // The main program is known by the word it was started with: take its real path.
  if (object[0] != '/') {
    object = program;
  }
  if (!(program_is_node && strcmp(object, program) == 0)) {
    write_line("G", name, object, program);
  }
  errno = error;
}

static void note_file(const char* path, int at_folder) {
  if (log_file[0] == '\0' || path == NULL || (path[0] != '/' && at_folder != AT_FDCWD)) {
    return;
  }
  const int error = errno;
  char whole[4096];
  if (path[0] == '/') {
    snprintf(whole, sizeof(whole), "%s", path);
  } else if (getcwd(whole, sizeof(whole)) != NULL) {
    const size_t length = strlen(whole);
    snprintf(whole + length, sizeof(whole) - length, "/%s", path);
  } else {
    whole[0] = '\0';
  }
  if (strncmp(whole, root, root_length) == 0 && whole[root_length] == '/' &&
      strstr(whole, "/node_modules/") == NULL && strstr(whole, "/.git/") == NULL &&
      strpbrk(whole, "\t\n") == NULL && is_new(hash_of(7, whole))) {
    write_line("F", whole, "", program);
  }
  errno = error;
}

static int reads(int flags) {
  return (flags & O_ACCMODE) == O_RDONLY && (flags & O_DIRECTORY) == 0;
}

char* getenv(const char* name) {
  note_variable(name, __builtin_return_address(0));
  return (char*)lookup(name);
}

char* secure_getenv(const char* name) {
  note_variable(name, __builtin_return_address(0));
  return getauxval(AT_SECURE) != 0 ? NULL : (char*)lookup(name);
}

// Both spellings of each: programs are built with and without _FILE_OFFSET_BITS=64. On Linux the
// system call is the same.
static int open_at(int folder, const char* path, int flags, mode_t mode) {
  if (reads(flags)) {
    note_file(path, folder);
  }
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE_ARGUMENT(flags, mode)                           \
  mode_t mode = 0;                                           \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {              \
    va_list arguments;                                       \
    va_start(arguments, flags);                              \
    mode = (mode_t)va_arg(arguments, int);                   \
    va_end(arguments);                                       \
  }

int open(const char* path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags, mode)
  return open_at(folder, path, flags, mode);
}

typedef FILE* (*OpenStream)(const char*, const char*);

static FILE* open_stream(const char* function, const char* path, const char* mode) {
  if (mode != NULL && mode[0] == 'r') {
    note_file(path, AT_FDCWD);
  }
  OpenStream next = NULL;
  *(void**)&next = dlsym(RTLD_NEXT, function);
  if (next == NULL) {
    errno = ENOSYS;
    return NULL;
  }
  return next(path, mode);
}

FILE* fopen(const char* path, const char* mode) {
  return open_stream("fopen", path, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  return open_stream("fopen64", path, mode);
}
