#include "agent/os/key_file.h"

#include <algorithm>
#include <utility>

#include "base/files.h"
#include "base/json.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 10;

Status Unreadable(const std::string& path) {
  return WithRemedy(Corrupt(path + " cannot be understood"),
                    "mv " + path + " " + path + ".broken");
}

}  // namespace

StatusOr<std::vector<JournalEntry>> KeyFile::Load() {
  const StatusOr<SecretBytes> text = ReadFile(path_, kMaxBytes);
  if (text.status().code() == StatusCode::kNotFound) {
    return std::vector<JournalEntry>();
  }
  if (!text.ok()) return text.status();
  const auto json = ParseJson(text->Reveal());
  if (!json.ok() || !json->is_array()) return Unreadable(path_);
  std::vector<JournalEntry> entries;
  for (const Json& item : *json) {
    auto api_url = StringAt(item, "apiUrl");
    auto label = StringAt(item, "label");
    if (!api_url.has_value() || !label.has_value()) return Unreadable(path_);
    entries.push_back({*std::move(api_url), *std::move(label),
                       StringAt(item, "id").value_or("")});
  }
  return entries;
}

Status KeyFile::Record(const JournalEntry& entry) {
  StatusOr<std::vector<JournalEntry>> entries = Load();
  if (!entries.ok()) return entries.status();
  std::erase_if(*entries, [&entry](const JournalEntry& other) {
    return other.label == entry.label;
  });
  entries->push_back(entry);
  return Save(*entries);
}

Status KeyFile::Remove(const std::string& label) {
  StatusOr<std::vector<JournalEntry>> entries = Load();
  if (!entries.ok()) return entries.status();
  std::erase_if(*entries, [&label](const JournalEntry& other) {
    return other.label == label;
  });
  return entries->empty() ? RemoveFile(path_) : Save(*entries);
}

Status KeyFile::Save(const std::vector<JournalEntry>& entries) {
  Json list = Json::array();
  for (const JournalEntry& entry : entries) {
    list.push_back(
        {{"apiUrl", entry.api_url}, {"label", entry.label}, {"id", entry.id}});
  }
  return WriteFileAtomically(
      path_,
      list.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace),
      0600);
}

}  // namespace libretto
