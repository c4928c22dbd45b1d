// Runs a fuzz target without libFuzzer: every seed as it is, then mutations of them. The numbers
// behind the mutations are fixed, so a failure comes again. Before each run the input is put into
// the file TARGET.input of the current folder; what is left there after a crash is the culprit,
// and can be given as the only argument.
//
//   TARGET [--iterations COUNT] FILE-OR-FOLDER...

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// Inputs grow by splicing; beyond this a run says nothing new and only takes longer.
constexpr size_t kMostBytes = size_t{64} << 10;

struct Arguments {
  long iterations = 0;
  std::vector<fs::path> seeds;
};

void add_seeds(const fs::path& path, std::vector<fs::path>& seeds) {
  if (!fs::is_directory(path)) {
    seeds.push_back(path);
    return;
  }
  const size_t before = seeds.size();
  for (const auto& item : fs::recursive_directory_iterator(path)) {
    if (item.is_regular_file()) {
      seeds.push_back(item.path());
    }
  }
  // The order of a folder is not the same everywhere, and the mutations depend on it.
  std::sort(seeds.begin() + static_cast<std::ptrdiff_t>(before), seeds.end());
}

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--iterations") {
      const std::string_view count = ++i < argc ? argv[i] : "";
      const auto end = count.data() + count.size();
      const auto read = std::from_chars(count.data(), end, out.iterations);
      if (read.ec != std::errc() || read.ptr != end || out.iterations < 0) {
        return false;
      }
    } else {
      add_seeds(argument, out.seeds);
    }
  }
  return !out.seeds.empty();
}

// A text as tokens: words and numbers, and each other byte by itself. Mutating whole tokens gets
// past a parser's first look more often than mutating bytes.
std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> tokens;
  auto is_word = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || byte >= 0x80 || c == '_' || c == '-' || c == '.';
  };
  bool open = false;
  for (const char c : text) {
    if (!open || !is_word(c)) {
      tokens.emplace_back();
    }
    open = is_word(c);
    tokens.back() += c;
  }
  return tokens;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(&seeds) {
    for (const std::string& seed : seeds) {
      const auto tokens = tokens_of(seed);
      dictionary_.insert(dictionary_.end(), tokens.begin(), tokens.end());
    }
    for (const auto* odd :
         {"-1", "0", "18446744073709551616", "1e308", "null", "true", "{", "[", "\"", "\\u0000",
          "\xff", "\xe2\x80\xae", "\x7f", "\x1b[2J", "```", "]]>"}) {
      dictionary_.emplace_back(odd);
    }
  }

  std::string next() {
    std::string text = (*seeds_)[below(seeds_->size())];
    for (size_t rounds = 1 + below(kMostRounds); rounds > 0; --rounds) {
      text = below(2) == 0 ? of_tokens(text) : of_bytes(std::move(text));
    }
    text.resize(std::min(text.size(), kMostBytes));
    return text;
  }

 private:
  static constexpr size_t kMostRounds = 4;

  size_t below(size_t limit) { return limit == 0 ? 0 : numbers_() % limit; }

  std::string of_tokens(const std::string& text) {
    auto tokens = tokens_of(text);
    if (tokens.empty()) {
      return dictionary_[below(dictionary_.size())];
    }
    const auto at = static_cast<std::ptrdiff_t>(below(tokens.size()));
    const std::string& word = dictionary_[below(dictionary_.size())];
    switch (below(4)) {
      case 0:
        tokens[static_cast<size_t>(at)] = word;
        break;
      case 1:
        tokens.insert(tokens.begin() + at, word);
        break;
      case 2:
        tokens.erase(tokens.begin() + at);
        break;
      default:
        std::swap(tokens[static_cast<size_t>(at)], tokens[below(tokens.size())]);
    }
    std::string out;
    for (const std::string& token : tokens) {
      out += token;
    }
    return out;
  }

  std::string of_bytes(std::string text) {
    const size_t at = below(text.size() + 1);
    const size_t length = 1 + below(16);
    switch (below(5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3: {
        const std::string& other = (*seeds_)[below(seeds_->size())];
        text.insert(at, other.substr(below(other.size() + 1), length * length));
        break;
      }
      default:
        if (at < text.size()) {
          text[at] = static_cast<char>(text[at] ^ (1U << below(8)));
        }
    }
    return text;
  }

  const std::vector<std::string>* seeds_;
  std::vector<std::string> dictionary_;
  std::mt19937_64 numbers_{1};  // the same on every machine
};

// Keeps the input that runs now where a crash cannot take it away.
class Witness {
 public:
  explicit Witness(std::string path)
      : path_(std::move(path)),
        fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~Witness() {
    if (fd_ >= 0) {
      ::close(fd_);
      ::unlink(path_.c_str());
    }
  }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  bool run(const std::string& input) {
    const auto size = static_cast<ssize_t>(input.size());
    if (::pwrite(fd_, input.data(), input.size(), 0) != size || ::ftruncate(fd_, size) != 0) {
      std::cerr << "cannot write " << path_ << "\n";
      return false;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    return true;
  }

 private:
  std::string path_;
  int fd_;
};

int run(const std::string& program, const Arguments& arguments) {
  std::vector<std::string> seeds;
  for (const fs::path& path : arguments.seeds) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
      std::cerr << "cannot read " << path << "\n";
      return 1;
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  Witness witness(program + ".input");
  for (const std::string& seed : seeds) {
    if (!witness.run(seed)) {
      return 1;
    }
  }
  Mutator mutator(seeds);
  for (long i = 0; i < arguments.iterations; ++i) {
    if (!witness.run(mutator.next())) {
      return 1;
    }
  }
  std::cout << seeds.size() << " seeds and " << arguments.iterations << " mutations ran\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::cerr << "usage: " << argv[0] << " [--iterations COUNT] FILE-OR-FOLDER...\n";
    return 2;
  }
  return run(fs::path(argv[0]).filename().string(), arguments);
}
