#include "cloud/http/limits.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace libretto::cloud {

using std::chrono::seconds;

namespace {

// Whoever uses this up has sent the account's owner that many mails.
constexpr Rate kMailsToOne = {3, seconds(60)};

}  // namespace

// Hashing is bounded by its own queue; these keep guesses few. A limit for an
// account can be used up by somebody else, who then keeps its owner out. So one
// client alone does not reach the account's: that takes five.
const Limit kSignInLimit = {.name = "sign-in",
                            .per_client = {30, seconds(2)},
                            .per_client_and_account = Rate{10, seconds(20)},
                            .per_account = Rate{60, seconds(4)}};
const Limit kSignUpLimit = {.name = "sign-up",
                            .per_client = {30, seconds(20)},
                            .per_client_and_account = Rate{5, seconds(60)},
                            .per_account = Rate{30, seconds(12)}};
const Limit kVerificationLimit = {.name = "verification",
                                  .per_client = {20, seconds(10)},
                                  .per_account = kMailsToOne};
const Limit kResetLimit = {.name = "reset",
                           .per_client = {20, seconds(10)},
                           .per_account = kMailsToOne};
const Limit kInvitationLimit = {.name = "invitation",
                                .per_client = {20, seconds(10)},
                                .per_account = kMailsToOne};
const Limit kTokenLimit = {.name = "token", .per_client = {60, seconds(1)}};

namespace {

std::string_view LastOf(std::string_view list) {
  const std::size_t comma = list.rfind(',');
  if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
  while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
  while (!list.empty() && list.back() == ' ') list.remove_suffix(1);
  return list;
}

}  // namespace

std::string ClientOf(std::string_view peer, std::string_view forwarded_for,
                     bool behind_proxy) {
  namespace ip = boost::asio::ip;
  boost::system::error_code error;
  ip::address address;
  if (behind_proxy && !forwarded_for.empty()) {
    address = ip::make_address(std::string(LastOf(forwarded_for)), error);
  }
  // What the proxy says in a form that we do not know counts as the proxy.
  if (!behind_proxy || forwarded_for.empty() || error) {
    address = ip::make_address(std::string(peer), error);
  }
  if (error) return std::string(peer);
  if (!address.is_v6()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  }
  ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::make_address_v6(bytes).to_string() + "/64";
}

}  // namespace libretto::cloud
