// Credentials from libretto-agent for workflow code. README.md has examples.
export { credentials, type CallOptions } from "./credentials.js";
export { AgentError, type AgentErrorCode } from "./errors.js";
export type { CredentialName, Credentials } from "./names.js";
export { type CredentialChange, watchCredentials } from "./watch.js";
export { withAgentCredentials, type Workflow } from "./workflow.js";
