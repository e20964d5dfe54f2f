#include "compressed_input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/status.h>
#include <arrow/util/compression.h>
#include <lzma.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "text.h"

namespace schemaregistry {
namespace {

// The memory limit for decompression: the dictionaries of xz's own levels take 64 MiB at most.
constexpr std::uint64_t kMostMemory = 1u << 30;
constexpr std::int64_t kChunk = 1 << 16;
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kBz2 = "BZh";
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";
// A Zstandard frame to skip begins with 0x50 to 0x5f and these (RFC 8878, 3.1.2).
constexpr std::string_view kSkipped = "\x2a\x4d\x18";
constexpr std::string_view kXz("\xfd\x37zXZ\0", 6);

/// How many bytes one step took, and how many it gave; whether the stream ended with it.
struct Step {
  std::size_t read = 0;
  std::size_t written = 0;
  bool ended = false;
};

/// Decompresses one stream.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual arrow::Result<Step> decode(std::string_view bytes, std::uint8_t* out, std::size_t room) = 0;
};

class ArrowDecoder : public Decoder {
 public:
  ArrowDecoder(std::string name, std::shared_ptr<arrow::util::Decompressor> decompressor)
      : name_(std::move(name)), decompressor_(std::move(decompressor)) {}

  arrow::Result<Step> decode(std::string_view bytes, std::uint8_t* out, std::size_t room) override {
    const auto done = decompressor_->Decompress(static_cast<std::int64_t>(bytes.size()),
                                                reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<std::int64_t>(room), out);
    if (!done.ok()) {
      if (done.status().IsOutOfMemory()) return done.status();
      return arrow::Status::IOError("the " + name_ + " stream is damaged");
    }
    return Step{static_cast<std::size_t>(done->bytes_read), static_cast<std::size_t>(done->bytes_written),
                decompressor_->IsFinished()};
  }

 private:
  std::string name_;
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
};

class XzDecoder : public Decoder {
 public:
  XzDecoder() { started_ = lzma_stream_decoder(&stream_, kMostMemory, 0); }
  ~XzDecoder() override { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  arrow::Result<Step> decode(std::string_view bytes, std::uint8_t* out, std::size_t room) override {
    if (started_ != LZMA_OK) return status_of(started_);
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    stream_.next_out = out;
    stream_.avail_out = room;
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    // BUF_ERROR: nothing more can be done with these bytes.
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) return status_of(code);
    return Step{bytes.size() - stream_.avail_in, room - stream_.avail_out, code == LZMA_STREAM_END};
  }

 private:
  static arrow::Status status_of(lzma_ret code) {
    switch (code) {
      case LZMA_FORMAT_ERROR:
        return arrow::Status::IOError("Input format not supported by decoder");
      case LZMA_OPTIONS_ERROR:
        return arrow::Status::IOError("Invalid or unsupported options");
      case LZMA_MEMLIMIT_ERROR:
        return arrow::Status::IOError("Memory usage limit exceeded");
      case LZMA_MEM_ERROR:
        return arrow::Status::OutOfMemory("xz: memory ran out");
      default:
        return arrow::Status::IOError("Corrupt input data");
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret started_ = LZMA_OK;
};

/// A stream whose `Read` into a buffer is the one that a class has.
class InputOfReads : public arrow::io::InputStream {
 public:
  using arrow::io::InputStream::Read;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
};

/// The bytes of all gzip, bz2 or xz streams in a file.
class Streams : public InputOfReads {
 public:
  using InputOfReads::Read;
  Streams(std::string name, std::shared_ptr<arrow::io::InputStream> file)
      : name_(std::move(name)),
        magic_(name_ == "gzip"  ? kGzip
               : name_ == "bz2" ? kBz2
                                : kXz),
        file_(std::move(file)) {}

  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return done_; }

  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override {
    auto* const to = static_cast<std::uint8_t*>(out);
    const auto room = static_cast<std::size_t>(size);
    std::size_t written = 0;
    while (written < room) {
      if (!decoder_) {
        ARROW_ASSIGN_OR_RAISE(const bool starts, next_stream());
        if (!starts) break;
      }
      if (rest_.empty()) ARROW_RETURN_NOT_OK(more());
      ARROW_ASSIGN_OR_RAISE(const Step step, decoder_->decode(rest_, to + written, room - written));
      rest_.erase(0, step.read);
      written += step.written;
      if (step.ended) {
        decoder_.reset();
      } else if (step.read == 0 && step.written == 0) {
        return arrow::Status::IOError(rest_.empty() ? "the file is cut off within its " + name_ + " stream"
                                                    : "the " + name_ + " stream is damaged");
      }
    }
    done_ += static_cast<std::int64_t>(written);
    return static_cast<std::int64_t>(written);
  }

 private:
  /// Add bytes of the file to `rest_`; none at its end.
  arrow::Status more() {
    ARROW_ASSIGN_OR_RAISE(const auto chunk, file_->Read(kChunk));
    rest_.append(reinterpret_cast<const char*>(chunk->data()), static_cast<std::size_t>(chunk->size()));
    taken_ += chunk->size();
    return arrow::Status::OK();
  }

  /// Skip zeros, and return how many there were.
  arrow::Result<std::int64_t> skip_zeros() {
    std::int64_t skipped = 0;
    while (true) {
      if (rest_.empty()) ARROW_RETURN_NOT_OK(more());
      const std::size_t zeros = std::min(rest_.find_first_not_of('\0'), rest_.size());
      skipped += static_cast<std::int64_t>(zeros);
      rest_.erase(0, zeros);
      if (zeros == 0 || !rest_.empty()) return skipped;
    }
  }

  /// Skip what may stand after a stream, and say whether another stream follows.
  arrow::Result<bool> next_stream() {
    const std::int64_t at = taken_ - static_cast<std::int64_t>(rest_.size());
    std::int64_t zeros = 0;
    if (begun_ && magic_ != kBz2) {
      ARROW_ASSIGN_OR_RAISE(zeros, skip_zeros());
    }
    for (std::size_t had = rest_.size() + 1; rest_.size() < magic_.size() && had != rest_.size();) {
      had = rest_.size();
      ARROW_RETURN_NOT_OK(more());
    }
    const bool in_fours = magic_ == kXz && zeros % 4 == 0;
    // At the end gzip passes over any number of zeros, as tapes have them.
    if (begun_ && rest_.empty() && (zeros == 0 || magic_ == kGzip || in_fours)) return false;
    if (rest_.compare(0, magic_.size(), magic_) != 0 || (zeros != 0 && !in_fours)) {
      return arrow::Status::IOError(begun_ ? "bytes follow the end of the " + name_ + " stream (at byte " +
                                                 grouped(at) + "): cut them off"
                                           : "it isn't " + name_ + ", as its name says");
    }
    begun_ = true;
    if (magic_ == kXz) {
      decoder_ = std::make_unique<XzDecoder>();
      return true;
    }
    ARROW_ASSIGN_OR_RAISE(const auto codec, arrow::util::Codec::Create(magic_ == kGzip ? arrow::Compression::GZIP
                                                                                       : arrow::Compression::BZ2));
    ARROW_ASSIGN_OR_RAISE(auto decompressor, codec->MakeDecompressor());
    decoder_ = std::make_unique<ArrowDecoder>(name_, std::move(decompressor));
    return true;
  }

  std::string name_;
  std::string_view magic_;
  std::shared_ptr<arrow::io::InputStream> file_;
  std::unique_ptr<Decoder> decoder_;
  std::string rest_;
  std::int64_t taken_ = 0;
  bool begun_ = false;
  std::int64_t done_ = 0;
};

/// The bytes of all Zstandard frames in a file. Arrow decompresses them, and doesn't say where one ends.
class Zstd : public InputOfReads {
 public:
  using InputOfReads::Read;
  Zstd(bool is_zstd, std::unique_ptr<arrow::util::Codec> codec, std::shared_ptr<arrow::io::InputStream> frames)
      : is_zstd_(is_zstd), codec_(std::move(codec)), frames_(std::move(frames)) {}

  arrow::Status Close() override { return frames_->Close(); }
  bool closed() const override { return frames_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return frames_->Tell(); }

  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override {
    auto* const to = static_cast<char*>(out);
    std::int64_t written = 0;
    while (written < size) {
      const auto read = frames_->Read(size - written, to + written);
      if (!read.ok()) {
        if (read.status().message().find("Unknown frame descriptor") == std::string::npos) return read.status();
        return arrow::Status::IOError(is_zstd_ ? "bytes follow the end of the zstd stream: cut them off"
                                                            : "it isn't zstd, as its name says");
      }
      if (*read == 0) break;
      written += *read;
    }
    return written;
  }

 private:
  bool is_zstd_;
  // Declared before the stream that uses it, so that it is destroyed after it.
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::InputStream> frames_;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::io::InputStream>> open_compressed(
    const std::string& compression, std::shared_ptr<arrow::io::RandomAccessFile> file) {
  if (compression != "zstd") return std::make_shared<Streams>(compression, std::move(file));
  ARROW_ASSIGN_OR_RAISE(const auto start, file->ReadAt(0, static_cast<std::int64_t>(kZstd.size())));
  ARROW_RETURN_NOT_OK(file->Seek(0));
  const std::string head = start->ToString();
  const bool is_skipped = head.size() == kZstd.size() && (head[0] & 0xF0) == 0x50 && head.substr(1) == kSkipped;
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
  ARROW_ASSIGN_OR_RAISE(auto frames, arrow::io::CompressedInputStream::Make(codec.get(), std::move(file)));
  return std::make_shared<Zstd>(head == kZstd || is_skipped, std::move(codec), std::move(frames));
}

}  // namespace schemaregistry
