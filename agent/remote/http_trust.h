// Whom a request trusts and through whom it goes: certificates, versions of
// TLS, the proxy. Nothing of it comes from the environment. Any thread.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "agent/remote/http_client.h"
#include "base/errors.h"

namespace libretto {

// Sets all of it for a request to `url`. `options` outlive the request.
void SetTrust(CURL* easy, const std::string& url, const HttpOptions& options);

// Why `host` gave no answer; `detail` is what libcurl says beyond its code.
Status WhyUnreachable(CURLcode code, const std::string& host,
                      std::string_view detail);

// The certificates (PEM) in the file at `path`, for HttpOptions::ca_pem.
// Invalid() when there is none in it.
StatusOr<std::string> ReadCertificates(const std::string& path);

}  // namespace libretto
