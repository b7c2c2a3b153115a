// Every verb of librettoctl, in the order in which help lists them. Any thread.
#pragma once

#include <span>

#include "client/commands/verb.h"

namespace libretto {

// One maker for each verb, by the file that has it.
std::unique_ptr<Verb> MakeSignup();  // signup_verb.cc
std::unique_ptr<Verb> MakeLogin();   // session_verbs.cc
std::unique_ptr<Verb> MakeLogout();
std::unique_ptr<Verb> MakeWhoAmI();
std::unique_ptr<Verb> MakeForgotPassword();  // account_verbs.cc
std::unique_ptr<Verb> MakeDeleteAccount();
std::unique_ptr<Verb> MakeInvite();  // membership_verbs.cc
std::unique_ptr<Verb> MakeAcceptInvite();
std::unique_ptr<Verb> MakeIssueKey();  // api_key_verbs.cc
std::unique_ptr<Verb> MakeListKeys();
std::unique_ptr<Verb> MakeRevokeKey();
std::unique_ptr<Verb> MakeCreate();  // credential_verbs.cc
std::unique_ptr<Verb> MakeUpdate();
std::unique_ptr<Verb> MakeDelete();
std::unique_ptr<Verb> MakeList();  // read_verbs.cc
std::unique_ptr<Verb> MakeGet();
std::unique_ptr<Verb> MakeRead();
std::unique_ptr<Verb> MakePush();         // push_verb.cc
std::unique_ptr<Verb> MakeImport();       // import_verb.cc
std::unique_ptr<Verb> MakeInject();       // inject_verb.cc
std::unique_ptr<Verb> MakeEnv();          // env_verb.cc
std::unique_ptr<Verb> MakeRun();          // run_verb.cc
std::unique_ptr<Verb> MakeScopeCreate();  // scope_verbs.cc
std::unique_ptr<Verb> MakeScopeList();
std::unique_ptr<Verb> MakeScopeRevoke();
std::unique_ptr<Verb> MakeAgentStart();  // agent_verbs.cc
std::unique_ptr<Verb> MakeAgentStop();
std::unique_ptr<Verb> MakeAgentStatus();
std::unique_ptr<Verb> MakeAgentSync();
std::unique_ptr<Verb> MakeEnroll();  // lock_verbs.cc
std::unique_ptr<Verb> MakeUnenroll();
std::unique_ptr<Verb> MakeLock();
std::unique_ptr<Verb> MakeUnlock();
std::unique_ptr<Verb> MakeForget();
std::unique_ptr<Verb> MakePanic();
std::unique_ptr<Verb> MakeAuditTail();  // audit_verbs.cc
std::unique_ptr<Verb> MakeAuditVerify();
std::unique_ptr<Verb> MakeAuditWho();
std::unique_ptr<Verb> MakeExplain();        // explain_verb.cc
std::unique_ptr<Verb> MakeHelpExitCodes();  // help_verb.cc

std::span<const VerbEntry> Verbs();

}  // namespace libretto
