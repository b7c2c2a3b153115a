"""The cases: every public function of these modules is one."""

from cases import (accounts, api_keys, base_url, credentials, envelope,
                   key_sessions, limits, organizations, origins, requests,
                   sessions, verification)

UNDER_HTTP = [accounts, api_keys, credentials, envelope, key_sessions, limits,
              organizations, origins, requests, sessions, verification]
UNDER_HTTPS = [base_url]
