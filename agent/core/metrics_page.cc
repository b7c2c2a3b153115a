#include "agent/core/metrics_page.h"

#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/cache_report.h"

namespace libretto {
namespace {

struct Named {
  std::string profile;
  CacheReport report;
};

std::int64_t UnixSeconds(const std::optional<WallTime>& time) {
  return time.has_value() ? std::chrono::system_clock::to_time_t(*time) : 0;
}

std::int64_t Number(std::size_t size) {
  return static_cast<std::int64_t>(size);
}

class Page {
 public:
  explicit Page(std::vector<Named> profiles) : profiles_(std::move(profiles)) {}

  void Single(std::string_view name, std::string_view type,
              std::string_view help, std::string_view labels,
              std::int64_t value) {
    Head(name, type, help);
    Sample(name, labels, value);
  }

  // One sample for each profile.
  template <typename Value>
  void Each(std::string_view name, std::string_view type, std::string_view help,
            Value value) {
    Head(name, type, help);
    // A profile's name needs no escaping: it is [a-z0-9_-].
    for (const Named& named : profiles_) {
      Sample(name, "profile=\"" + named.profile + "\"", value(named.report));
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void Head(std::string_view name, std::string_view type,
            std::string_view help) {
    for (const auto& [word, text] : {std::pair("HELP", help), {"TYPE", type}}) {
      text_ += "# ";
      text_ += word;
      text_ += " libretto_agent_";
      text_ += name;
      text_ += ' ';
      text_ += text;
      text_ += '\n';
    }
  }
  void Sample(std::string_view name, std::string_view labels,
              std::int64_t value) {
    text_ += "libretto_agent_";
    text_ += name;
    if (!labels.empty()) {
      text_ += '{';
      text_ += labels;
      text_ += '}';
    }
    text_ += ' ';
    text_ += std::to_string(value);
    text_ += '\n';
  }

  std::vector<Named> profiles_;
  std::string text_;
};

void AddCache(Page& page) {
  using Report = const CacheReport&;
  page.Each("credentials", "gauge", "Names known from the last list.",
            [](Report report) { return Number(report.credentials); });
  page.Each("cached_values", "gauge", "Values held, sealed.",
            [](Report report) { return Number(report.cached); });
  page.Each("cached_bytes", "gauge", "Bytes of the sealed values.",
            [](Report report) { return Number(report.cached_bytes); });
  page.Each("cached_bytes_limit", "gauge",
            "Beyond it the value that was used longest ago goes.",
            [](Report report) { return Number(report.limits.bytes); });
  page.Each("reads_from_memory_total", "counter", "Reads answered from memory.",
            [](Report report) { return report.hits; });
  page.Each("reads_from_cloud_total", "counter",
            "Reads that had to ask the cloud.",
            [](Report report) { return report.misses; });
}

void AddCloud(Page& page) {
  using Report = const CacheReport&;
  page.Each("last_sync_timestamp_seconds", "gauge",
            "When the last list came; 0 before the first.",
            [](Report report) { return UnixSeconds(report.last_sync); });
  page.Each("next_sync_timestamp_seconds", "gauge",
            "When the next list is due; 0 when somebody has to ask first.",
            [](Report report) { return UnixSeconds(report.next_sync); });
  page.Each("offline_since_timestamp_seconds", "gauge",
            "Since when the cloud cannot be reached; 0 when it can.",
            [](Report report) { return UnixSeconds(report.offline_since); });
  page.Each("cloud_retry_timestamp_seconds", "gauge",
            "Before this nothing is asked; 0 when nothing is waited for.",
            [](Report report) { return UnixSeconds(report.next_try); });
  page.Each("cloud_asks_to_wait", "gauge",
            "1 while the cloud itself has asked to wait.",
            [](Report report) { return std::int64_t{report.told_to_wait}; });
}

}  // namespace

std::string MetricsPage(const Profiles& profiles, const Clock& clock,
                        const ProcessNumbers& process) {
  std::vector<Named> named;
  profiles.ForEach([&](const std::string& name, const Profile& profile) {
    named.push_back({name, ReportOn(profile, clock)});
  });
  Page page(std::move(named));
  page.Single("info", "gauge", "The agent's version.",
              "version=\"" + process.version + "\"", 1);
  page.Single("uptime_seconds", "gauge", "Since the agent was started.", "",
              std::chrono::duration_cast<std::chrono::seconds>(clock.Now() -
                                                               process.started)
                  .count());
  page.Single("resident_memory_bytes", "gauge", "Resident memory.", "",
              process.resident_bytes);
  page.Single("connections", "gauge", "Open connections.", "",
              Number(process.connections));
  AddCache(page);
  AddCloud(page);
  return page.Take();
}

}  // namespace libretto
