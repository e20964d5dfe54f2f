#include "zip_input.h"

#include <arrow/buffer.h>
#include <arrow/status.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>
#include <vector>

#include "text.h"

namespace schemaregistry {
namespace {

constexpr std::size_t kShown = 5;
// The marks at the start and end of an archive (PKWARE's APPNOTE.TXT, 4.3.7 and 4.3.16); the end record has so many
// bytes and a comment.
constexpr std::string_view kStart = "PK\x03\x04";
constexpr std::string_view kEnd = "PK\x05\x06";
constexpr int kEndSize = 22;

struct Close {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Close>;
using Opened = std::unique_ptr<zip_file_t, Close>;

struct Member {
  std::string name;
  zip_uint64_t index = 0;
  bool encrypted = false;
  zip_uint64_t size = 0;
  int method = ZIP_CM_STORE;
};

/// Whether a member is data: no directory, no file that macOS adds, not hidden.
bool is_data(const std::string& name) {
  if (name.empty() || name.back() == '/' || name.rfind("__MACOSX/", 0) == 0) return false;
  const auto slash = name.rfind('/');
  return name[slash == std::string::npos ? 0 : slash + 1] != '.';
}

Archive open_archive(const std::string& path, std::string& why) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  why = code == ZIP_ER_NOZIP ? "File is not a zip file" : zip_error_strerror(&error);
  zip_error_fini(&error);
  return archive;
}

std::vector<Member> members_of(zip_t& archive) {
  std::vector<Member> found;
  const auto count = std::max<zip_int64_t>(zip_get_num_entries(&archive, 0), 0);
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t said;
    zip_stat_init(&said);
    if (zip_stat_index(&archive, i, 0, &said) != 0 || said.name == nullptr) continue;
    if (is_data(said.name))
      found.push_back({said.name, i, said.encryption_method != ZIP_EM_NONE, said.size, said.comp_method});
  }
  return found;
}

std::uint32_t number_at(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Bytes before or after an archive are refused: they may be another archive, which would be left out in silence.
std::string more_than(zip_t& archive, const std::string& path) {
  int comment = 0;
  zip_get_archive_comment(&archive, &comment, ZIP_FL_ENC_RAW);
  std::array<char, kEndSize> end{};
  std::array<char, 4> start{};
  std::ifstream file(path, std::ios::binary);
  file.seekg(-(kEndSize + comment), std::ios::end);
  const std::int64_t at = file.tellg();
  if (!file.read(end.data(), end.size()) || std::string_view(end.data(), 4) != kEnd)
    return "more follows the end of the archive: unpack it";
  // Offset and size of the central directory (except in zip64); it must end where the end record begins.
  const std::uint32_t size = number_at(end.data() + 12);
  const std::uint32_t offset = number_at(end.data() + 16);
  const bool is_large = size == 0xFFFFFFFF || offset == 0xFFFFFFFF;
  file.seekg(0);
  file.read(start.data(), start.size());
  const std::string_view mark(start.data(), start.size());
  const bool starts = (mark == kStart || mark == kEnd) && (is_large || std::int64_t{offset} + size == at);
  return starts ? "" : "the archive doesn't start where the file does: unpack it";
}

/// Find the only data file in an archive, or why there isn't exactly one.
std::optional<Member> only_member(zip_t& archive, const std::string& path, std::optional<Fault>& fault) {
  const auto fail = [&](const char* reason, const std::string& message) {
    fault = Fault{path, std::nullopt, std::nullopt, reason, message};
    return std::nullopt;
  };
  if (const std::string more = more_than(archive, path); !more.empty()) return fail("CORRUPT", more);
  const auto members = members_of(archive);
  if (members.empty()) return fail("NOT_ONE_MEMBER", "the archive holds no file");
  if (members.size() > 1) {
    std::string names;
    for (std::size_t i = 0; i < std::min(members.size(), kShown); ++i) names += (i > 0 ? ", " : "") + members[i].name;
    return fail("NOT_ONE_MEMBER", "the archive holds " + grouped(static_cast<std::int64_t>(members.size())) +
                                      " files (" + names + (members.size() > kShown ? " …" : "") +
                                      "), and only one can be read: unpack it");
  }
  if (members[0].encrypted) return fail("ENCRYPTED", members[0].name + " is encrypted in the archive: unpack it");
  // Those that every language reads: LZMA, say, depends on how libzip was built.
  constexpr std::array<int, 3> kMethods = {ZIP_CM_STORE, ZIP_CM_DEFLATE, ZIP_CM_BZIP2};
  const int method = members[0].method;
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return fail("PACKED",
                members[0].name + " is compressed by method " + std::to_string(method) + ": compress it with deflate");
  return members[0];
}

class ZipInput : public arrow::io::InputStream {
 public:
  ZipInput(Archive archive, Opened file, Member member)
      : archive_(std::move(archive)), file_(std::move(file)), member_(std::move(member)) {}

  arrow::Status Close() override {
    file_.reset();
    return arrow::Status::OK();
  }
  bool closed() const override { return file_ == nullptr; }
  arrow::Result<std::int64_t> Tell() const override { return done_; }

  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override {
    std::int64_t read = 0;
    while (read < size) {
      const auto more = zip_fread(file_.get(), static_cast<char*>(out) + read, static_cast<zip_uint64_t>(size - read));
      if (more < 0) return arrow::Status::IOError(zip_file_strerror(file_.get()));
      if (more == 0) break;
      read += more;
    }
    done_ += read;
    // libzip reads to the end of the data, whatever size the archive states.
    const auto stated = static_cast<std::int64_t>(member_.size);
    if (done_ > stated || (read < size && done_ < stated))
      return arrow::Status::IOError(member_.name, " has ", done_ > stated ? "more" : "fewer", " than the ", stated,
                                    " bytes that the archive states: the archive is damaged");
    return read;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  // Declared first, so that the archive is closed after its file.
  Archive archive_;
  Opened file_;
  Member member_;
  std::int64_t done_ = 0;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> open_zip(const std::string& path, std::optional<Fault>& fault) {
  std::string why;
  Archive archive = open_archive(path, why);
  const auto corrupt = [&](const std::string& message) {
    fault = Fault{path, std::nullopt, std::nullopt, "CORRUPT", message};
    return nullptr;
  };
  if (!archive) return corrupt(why);
  const auto member = only_member(*archive, path, fault);
  if (!member) return nullptr;
  Opened file(zip_fopen_index(archive.get(), member->index, 0));
  if (!file) return corrupt(zip_strerror(archive.get()));
  return std::make_shared<ZipInput>(std::move(archive), std::move(file), *member);
}

std::optional<std::string> member_of(const std::string& path) {
  std::string ignored;
  std::optional<Fault> fault;
  Archive archive = open_archive(path, ignored);
  const auto member = archive ? only_member(*archive, path, fault) : std::nullopt;
  return member ? std::optional(member->name) : std::nullopt;
}

}  // namespace schemaregistry
