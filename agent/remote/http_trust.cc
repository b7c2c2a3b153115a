#include "agent/remote/http_trust.h"

#include <utility>

#include "agent/remote/api_url.h"
#include "base/check.h"
#include "base/credential_name.h"
#include "base/files.h"

namespace libretto {
namespace {

// No keys under 2048 bits and no SHA-1, whatever the system's settings say.
constexpr const char* kCiphers = "DEFAULT:@SECLEVEL=2";
constexpr std::size_t kMaxDetailBytes = 200;
constexpr std::size_t kMaxCertificatesBytes = std::size_t{1} << 20;

}  // namespace

// Option by option, for the cloud and for a proxy: libcurl would fill what is
// not set from the environment and from the system's settings.
void SetTrust(CURL* easy, const std::string& url, const HttpOptions& options) {
  const auto set = [easy](CURLoption option, auto value) {
    LIBRETTO_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
  };
  const bool proxied = !options.proxy.empty() && GoesThroughProxy(url);
  set(CURLOPT_PROXY, proxied ? options.proxy.c_str() : "");
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_HTTPPROXYTUNNEL, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  for (const CURLoption option :
       {CURLOPT_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYPEER}) {
    set(option, 1L);
  }
  for (const CURLoption option :
       {CURLOPT_SSL_VERIFYHOST, CURLOPT_PROXY_SSL_VERIFYHOST}) {
    set(option, 2L);
  }
  for (const CURLoption option :
       {CURLOPT_SSLVERSION, CURLOPT_PROXY_SSLVERSION}) {
    set(option, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  }
  for (const CURLoption option :
       {CURLOPT_SSL_CIPHER_LIST, CURLOPT_PROXY_SSL_CIPHER_LIST}) {
    set(option, kCiphers);
  }
  if (options.ca_pem.empty()) return;
  curl_blob certificates{const_cast<char*>(options.ca_pem.data()),
                         options.ca_pem.size(), CURL_BLOB_NOCOPY};
  for (const CURLoption option :
       {CURLOPT_CAINFO_BLOB, CURLOPT_PROXY_CAINFO_BLOB}) {
    set(option, &certificates);
  }
  for (const CURLoption option : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH}) {
    set(option, static_cast<const char*>(nullptr));
  }
}

Status WhyUnreachable(CURLcode code, const std::string& host,
                      std::string_view detail) {
  if (code != CURLE_PEER_FAILED_VERIFICATION) {
    return Offline("cannot reach " + host + ": " + curl_easy_strerror(code));
  }
  // Names in the certificate are the server's to choose.
  return WithRemedy(Offline("cannot trust " + host + ": " +
                            Printable(detail.substr(0, kMaxDetailBytes))),
                    "if its CA is your own, name it: ca_file in agent.toml");
}

StatusOr<std::string> ReadCertificates(const std::string& path) {
  if (!path.starts_with('/')) {
    return Invalid("the CA file has to be an absolute path");
  }
  const StatusOr<SecretBytes> file = ReadFile(path, kMaxCertificatesBytes);
  if (!file.ok()) return Annotate(file.status(), "the CA file");
  if (file->Reveal().find("-----BEGIN CERTIFICATE-----") ==
      std::string_view::npos) {
    return Invalid(path + " holds no certificate (PEM)");
  }
  return std::string(file->Reveal());
}

}  // namespace libretto
