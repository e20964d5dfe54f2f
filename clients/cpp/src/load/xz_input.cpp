#include "xz_input.h"

#include <arrow/buffer.h>
#include <arrow/status.h>
#include <lzma.h>

#include <utility>
#include <vector>

namespace schemaregistry {
namespace {

// The memory limit for decompression: the dictionaries of xz's own levels take 64 MiB at most.
constexpr std::uint64_t kMostMemory = 1u << 30;
constexpr std::int64_t kChunk = 1 << 16;

arrow::Status status_of(lzma_ret code) {
  switch (code) {
    case LZMA_FORMAT_ERROR:
      return arrow::Status::IOError("Input format not supported by decoder");
    case LZMA_OPTIONS_ERROR:
      return arrow::Status::IOError("Invalid or unsupported options");
    case LZMA_MEMLIMIT_ERROR:
      return arrow::Status::IOError("Memory usage limit exceeded");
    case LZMA_MEM_ERROR:
      return arrow::Status::OutOfMemory("xz: memory ran out");
    case LZMA_BUF_ERROR:
      return arrow::Status::IOError("the file is cut off within its xz stream");
    default:
      return arrow::Status::IOError("Corrupt input data");
  }
}

class XzInput : public arrow::io::InputStream {
 public:
  explicit XzInput(std::shared_ptr<arrow::io::InputStream> file) : file_(std::move(file)) {
    started_ = lzma_stream_decoder(&decoder_, kMostMemory, LZMA_CONCATENATED);
  }
  ~XzInput() override { lzma_end(&decoder_); }

  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  arrow::Result<std::int64_t> Tell() const override { return done_; }

  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override {
    if (started_ != LZMA_OK) return status_of(started_);
    decoder_.next_out = static_cast<std::uint8_t*>(out);
    decoder_.avail_out = static_cast<std::size_t>(size);
    while (decoder_.avail_out > 0 && !ended_) {
      if (decoder_.avail_in == 0 && !last_) {
        ARROW_ASSIGN_OR_RAISE(input_, file_->Read(kChunk));
        decoder_.next_in = input_->data();
        decoder_.avail_in = static_cast<std::size_t>(input_->size());
        last_ = input_->size() == 0;
      }
      const lzma_ret code = lzma_code(&decoder_, last_ ? LZMA_FINISH : LZMA_RUN);
      ended_ = code == LZMA_STREAM_END;
      if (code != LZMA_OK && !ended_) return status_of(code);
    }
    const auto read = size - static_cast<std::int64_t>(decoder_.avail_out);
    done_ += read;
    return read;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::shared_ptr<arrow::io::InputStream> file_;
  std::shared_ptr<arrow::Buffer> input_;
  lzma_stream decoder_ = LZMA_STREAM_INIT;
  lzma_ret started_ = LZMA_OK;
  bool last_ = false;
  bool ended_ = false;
  std::int64_t done_ = 0;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> open_xz(std::shared_ptr<arrow::io::InputStream> file) {
  return std::make_shared<XzInput>(std::move(file));
}

}  // namespace schemaregistry
