// Transfer: one request on its way, and what libcurl reads from and writes to
// for it. Belongs to the thread that drives libcurl's multi handle.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "agent/remote/http_client.h"

namespace libretto {

class Transfer {
 public:
  // `options` outlives it.
  Transfer(HttpRequest request, const HttpOptions& options,
           Done<HttpResponse> done);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_; }
  // When it fails, however far it has come.
  std::chrono::steady_clock::time_point deadline() const { return deadline_; }
  void Prepare();
  bool UsedHttp2() const;
  long NewConnections() const;
  StatusOr<HttpResponse> Outcome(CURLcode result);
  Done<HttpResponse> TakeDone() { return std::move(done_); }

 private:
  static std::size_t OnBody(char* data, std::size_t, std::size_t size,
                            void* self);
  static std::size_t OnHeader(char* data, std::size_t, std::size_t size,
                              void* self);

  HttpRequest request_;
  const HttpOptions& options_;
  const std::chrono::steady_clock::time_point deadline_;
  Done<HttpResponse> done_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::string body_;
  std::size_t header_bytes_ = 0;
  std::size_t header_count_ = 0;
  bool headers_ended_ = false;
  HttpResponse response_;
  const char* excess_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

}  // namespace libretto
