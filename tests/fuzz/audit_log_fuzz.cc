// Whatever an audit log holds: the verifier ends, and what was not written with
// the key is never taken for what was.
#include "base/audit_chain.h"

#include "base/check.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const libretto::AuditChain chain(
      libretto::SecretBytes::CopyOf("0123456789abcdef0123456789abcdef"));
  std::string_view text = libretto::testing::Text(data, size);
  LIBRETTO_CHECK(!chain.ReadHead(text).has_value());
  libretto::AuditVerifier verifier(chain);
  verifier.BeginFile("file", /*more_older=*/false);
  bool records = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool whole = end != std::string_view::npos;
    records = records || (whole && libretto::ParseAuditLine(line).has_value());
    verifier.Line(line, whole);
    text.remove_prefix(whole ? end + 1 : text.size());
  }
  verifier.End();
  LIBRETTO_CHECK(verifier.head().sequence == 0);
  LIBRETTO_CHECK(!records || verifier.finding().has_value());
  return 0;
}
