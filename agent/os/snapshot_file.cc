#include "agent/os/snapshot_file.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/files.h"

namespace libretto {

// The file, for two threads. Whoever wants to write draws a number on the loop;
// who comes to write later than somebody with a larger one leaves it alone.
//
// Loop thread only, except Write(): any thread.
class SnapshotFile::Disk {
 public:
  explicit Disk(const std::string& folder)
      : folder_(folder), path_(folder + "/cache.sealed") {}

  const std::string& path() const { return path_; }

  // Never waits for the disk.
  std::uint64_t Draw() { return ++drawn_; }

  Status Write(std::uint64_t number, std::string_view file) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (number <= settled_) return OkStatus();
    settled_ = number;
    return WriteFileAtomically(path_, file, 0600);
  }

  Status Remove() {
    const std::lock_guard<std::mutex> lock(mutex_);
    settled_ = drawn_;
    Sweep();
    return RemoveFile(path_);
  }

  // What an agent has left that was killed while it wrote.
  void SweepFirst() {
    if (drawn_ == 0) Sweep();
  }

 private:
  void Sweep() {
    const std::string begin = path_ + ".tmp-";
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_, ignored)) {
      const std::string path = entry.path().string();
      if (path.starts_with(begin)) (void)RemoveFile(path);
    }
  }

  const std::string folder_;
  const std::string path_;
  std::uint64_t drawn_ = 0;
  std::mutex mutex_;           // guards what follows, and is held while writing
  std::uint64_t settled_ = 0;  // no number up to it is written any more
};

SnapshotFile::SnapshotFile(const std::string& folder, const Sealing& sealing,
                           Worker& worker)
    : disk_(std::make_shared<Disk>(folder)),
      sealing_(sealing),
      worker_(worker) {}

StatusOr<std::optional<std::string>> SnapshotFile::Load(std::size_t max_bytes) {
  disk_->SweepFirst();
  const StatusOr<SecretBytes> file = ReadFile(disk_->path(), max_bytes);
  if (file.status().code() == StatusCode::kNotFound) {
    return std::optional<std::string>();
  }
  if (!file.ok()) return file.status();
  return std::optional<std::string>(file->Reveal());
}

void SnapshotFile::Save(std::string file, DoneStatus done) {
  worker_.Run([disk = disk_, number = disk_->Draw(), file = std::move(file),
               done = std::move(done)]() mutable -> Executor::Task {
    Status written = disk->Write(number, file);
    return [written = std::move(written), done = std::move(done)]() mutable {
      std::move(done)(std::move(written));
    };
  });
}

Status SnapshotFile::SaveNow(std::string_view file) {
  return disk_->Write(disk_->Draw(), file);
}

Status SnapshotFile::Remove() { return disk_->Remove(); }

void SnapshotFile::Report(std::string_view what, const Status& why) {
  spdlog::warn("snapshot {} path={} reason=\"{}\"", what, disk_->path(),
               Message(why));
}

}  // namespace libretto
