"""The cases: every public function of these modules is one."""

from cases import (accounts, api_keys, base_url, browser_login, credentials,
                   envelope, invitations, key_sessions, limits, organizations,
                   origins, passwords, requests, sessions, verification)

UNDER_HTTP = [accounts, api_keys, browser_login, credentials, envelope,
              invitations, key_sessions, limits, organizations, origins,
              passwords, requests, sessions, verification]
UNDER_HTTPS = [base_url]
