// The reference cloud: the libraries that the hosted service is built from
// (Better Auth 1.4 with its organization and API-key plugins, oRPC), with thin
// handlers for the documented /v1 routes. README.md has its settings.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { DatabaseSync } from "node:sqlite";
import { ORPCError, os } from "@orpc/server";
import { RPCHandler } from "@orpc/server/node";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { apiKey, organization } from "better-auth/plugins";
import { z } from "zod";

const settings = process.env;
const db = new DatabaseSync(settings.DB ?? ":memory:");

// Requests wait for the handler, which needs to know the port first.
const serving = Promise.withResolvers();
const server = http.createServer(async (request, response) => {
  const handle = await serving.promise;
  await handle(request, response);
});
server.listen(Number(settings.PORT ?? 0), "127.0.0.1");
await new Promise((listening) => server.once("listening", listening));
const baseURL =
  settings.BASE_URL ?? `http://127.0.0.1:${server.address().port}`;

function mail(message) {
  if (settings.MAIL === undefined) return;
  fs.appendFileSync(settings.MAIL, JSON.stringify(message) + "\n");
}

const auth = betterAuth({
  baseURL,
  secret: "the reference cloud has no secret of its own to keep",
  database: db,
  telemetry: { enabled: false },
  logger: { level: "error" },
  // For who sends X-Forwarded-For: the others it cannot tell apart.
  rateLimit: { enabled: true },
  emailAndPassword: {
    enabled: true,
    sendResetPassword: async ({ user, url, token }) =>
      mail({ kind: "reset", to: user.email, url, token }),
  },
  emailVerification: {
    sendOnSignUp: true,
    autoSignInAfterVerification: true,
    sendVerificationEmail: async ({ user, url, token }) =>
      mail({ kind: "verify", to: user.email, url, token }),
  },
  plugins: [
    organization({
      sendInvitationEmail: async ({ email, id, role }) =>
        mail({ kind: "invite", to: email, id, role }),
    }),
    apiKey({
      enableSessionForAPIKeys: true,
      enableMetadata: true,
      // The plugin's own limit is ten requests a day.
      rateLimit: { enabled: false },
    }),
  ],
});
await (await getMigrations(auth.options)).runMigrations();
db.exec(`
  create table if not exists credential(
    id text primary key, tenant text, name text, value text,
    created_at text, updated_at text, unique(tenant, name));
  create table if not exists cli_login(
    id text primary key, secret_hash text, expires integer, cookie text);`);

const now = () => new Date().toISOString();
const sha256 = (text) =>
  crypto.createHash("sha256").update(text).digest("hex");
const one = (sql, ...values) => db.prepare(sql).get(...values);
const run = (sql, ...values) => db.prepare(sql).run(...values);
const organizationOf = (userId) =>
  one("select organizationId as id from member where userId = ?", userId)?.id ??
  null;

const base = os.$context();

const withSession = base.middleware(async ({ context, next }) => {
  const session = await auth.api.getSession({ headers: context.headers });
  if (!session) throw new ORPCError("UNAUTHORIZED");
  return next({ context: { session } });
});

const withKey = base.middleware(async ({ context, next }) => {
  const key = context.headers.get("x-api-key");
  if (!key) throw new ORPCError("UNAUTHORIZED", { message: "Missing API key" });
  const verified = await auth.api.verifyApiKey({ body: { key } });
  if (!verified.valid) {
    throw new ORPCError("UNAUTHORIZED", { message: "Invalid API key" });
  }
  const { userId } = verified.key;
  if (!one("select emailVerified from user where id = ?", userId)
    ?.emailVerified) {
    throw new ORPCError("FORBIDDEN", { message: "Email not verified" });
  }
  return next({ context: { tenant: organizationOf(userId) } });
});

const slug = z.string().min(2).max(60)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/);
const newPassword = z.string().min(8).max(128);

async function signUp(name, email, password) {
  try {
    const { headers, response } = await auth.api.signUpEmail({
      body: { name, email, password },
      returnHeaders: true,
    });
    return { ...response, setCookie: headers.getSetCookie() };
  } catch (error) {
    if (!error?.body?.code?.startsWith("USER_ALREADY_EXISTS")) throw error;
    throw new ORPCError("CONFLICT", {
      message: error.body.message,
      data: { reason: "email_taken" },
    });
  }
}

const signedUp = ({ user, token, setCookie }, organizationId, slug) => ({
  userId: user.id,
  email: user.email,
  organizationId,
  organizationSlug: slug,
  sessionToken: token,
  setCookie,
  emailVerified: user.emailVerified,
});

const newOrganization = {
  organizationName: z.string().min(1),
  organizationSlug: slug,
  debugNotificationEmail: z.string().email(),
};

async function createOrganization(input, userId) {
  const { organizationName: name, organizationSlug: slug } = input;
  const made = await auth.api.createOrganization({
    body: { name, slug, userId },
  });
  return made.id;
}

function refuseTakenSlug(wanted) {
  if (!one("select 1 from organization where slug = ?", wanted)) return;
  throw new ORPCError("CONFLICT", {
    message: `Organization slug "${wanted}" is already taken.`,
    data: { reason: "slug_taken" },
  });
}

const cliLogin = z.object({ requestId: z.string().uuid(), secret: z.string() });

function findCliLogin({ requestId, secret }) {
  const login = one("select * from cli_login where id = ?", requestId);
  if (login?.secret_hash === sha256(secret)) return login;
  throw new ORPCError("NOT_FOUND", { message: "CLI login request not found" });
}

const authRoutes = {
  signupAndCreateOrg: base
    .input(z.object({
      name: z.string().min(1),
      email: z.string().email(),
      password: newPassword,
      ...newOrganization,
    }))
    .handler(async ({ input }) => {
      refuseTakenSlug(input.organizationSlug);
      const made = await signUp(input.name, input.email, input.password);
      const id = await createOrganization(input, made.user.id);
      return signedUp(made, id, input.organizationSlug);
    }),

  acceptInviteAndSignup: base
    .input(z.object({
      invitationId: z.string(),
      tenantSlug: slug,
      name: z.string(),
      password: newPassword,
    }))
    .handler(async ({ input }) => {
      const invitation = one(
        `select i.*, o.slug from invitation i
           join organization o on o.id = i.organizationId where i.id = ?`,
        input.invitationId);
      if (invitation?.status !== "pending") {
        throw new ORPCError("NOT_FOUND", { message: "Invitation not found" });
      }
      if (invitation.slug !== input.tenantSlug) {
        throw new ORPCError("BAD_REQUEST", {
          message: "Organization slug doesn't match this invitation.",
        });
      }
      const made = await signUp(input.name, invitation.email, input.password);
      const pairs = made.setCookie.map((line) => line.split(";")[0]);
      await auth.api.acceptInvitation({
        body: { invitationId: invitation.id },
        headers: new Headers({ cookie: pairs.join("; ") }),
      });
      return signedUp(made, invitation.organizationId, invitation.slug);
    }),

  requestPasswordReset: base
    .input(z.object({ email: z.string().email() }))
    .handler(async ({ input: { email } }) => {
      if (!one("select 1 from user where email = ?", email.toLowerCase())) {
        return { status: "not_found" };
      }
      await auth.api.requestPasswordReset({ body: { email } });
      return { status: "sent" };
    }),

  status: base.use(withSession).handler(async ({ context }) => {
    const { user } = context.session;
    const tenantId = organizationOf(user.id);
    return {
      userId: user.id,
      email: user.email,
      emailVerified: user.emailVerified,
      hasTenant: tenantId !== null,
      tenantId,
    };
  }),

  createOrgForCurrentUser: base
    .use(withSession)
    .input(z.object(newOrganization))
    .handler(async ({ input, context }) => {
      refuseTakenSlug(input.organizationSlug);
      const id = await createOrganization(input, context.session.user.id);
      return { organizationId: id, organizationSlug: input.organizationSlug };
    }),

  cliLoginCreate: base.handler(async () => {
    const requestId = crypto.randomUUID();
    const secret = crypto.randomBytes(32).toString("base64url");
    const expires = Date.now() + 600_000;
    run("insert into cli_login values (?, ?, ?, null)", requestId,
      sha256(secret), expires);
    return { requestId, secret, expiresAt: new Date(expires).toISOString() };
  }),

  cliLoginPoll: base.input(cliLogin).handler(async ({ input }) => {
    const login = findCliLogin(input);
    if (login.expires < Date.now()) return { status: "expired" };
    if (!login.cookie) return { status: "pending" };
    const { user, session } = await auth.api.getSession({
      headers: new Headers({ cookie: login.cookie }),
    });
    run("delete from cli_login where id = ?", login.id);
    return {
      status: "approved",
      cookieHeader: login.cookie,
      userId: user.id,
      email: user.email,
      emailVerified: user.emailVerified,
      sessionExpiresAt: session.expiresAt.toISOString(),
    };
  }),

  cliLoginApprove: base
    .use(withSession)
    .input(cliLogin)
    .handler(async ({ input, context }) => {
      const login = findCliLogin(input);
      const { email, emailVerified } = context.session.user;
      if (!emailVerified) return { status: "pending_verification", email };
      run("update cli_login set cookie = ? where id = ?",
        context.headers.get("cookie"), login.id);
      return { status: "approved", email };
    }),
};

const named = { name: z.string().min(1), value: z.string() };

function insertCredential(tenant, name, value) {
  const id = crypto.randomUUID();
  const made = now();
  run("insert into credential values (?, ?, ?, ?, ?, ?)", id, tenant, name,
    value, made, made);
  return id;
}

const credentialNotFound = () =>
  new ORPCError("NOT_FOUND", { message: "Credential not found" });

const credentialRoutes = {
  create: base.use(withKey).input(z.object(named))
    .handler(async ({ input, context: { tenant } }) => {
      if (one("select 1 from credential where tenant = ? and name = ?", tenant,
        input.name)) {
        throw new ORPCError("CONFLICT", {
          message: `Credential "${input.name}" already exists`,
        });
      }
      return {
        success: true,
        credential_id: insertCredential(tenant, input.name, input.value),
        message: "Credential created",
      };
    }),

  list: base.use(withKey).handler(async ({ context: { tenant } }) => ({
    credentials: db.prepare(
      `select id as credential_id, name, created_at, updated_at
         from credential where tenant = ? order by name`)
      .all(tenant)
      .map((row) => ({ ...row })),
  })),

  get: base.use(withKey).input(z.object({ name: z.string() }))
    .handler(async ({ input, context: { tenant } }) => {
      const found = one(
        "select id, value from credential where tenant = ? and name = ?",
        tenant, input.name);
      if (!found) throw credentialNotFound();
      return { ...found };
    }),

  update: base.use(withKey)
    .input(z.object({
      id: z.string().uuid(),
      value: z.string().optional(),
      name: z.string().optional(),
    }))
    .handler(async ({ input, context: { tenant } }) => {
      const found = one("select * from credential where tenant = ? and id = ?",
        tenant, input.id);
      if (!found) throw credentialNotFound();
      run(
        `update credential set name = ?, value = ?, updated_at = ?
           where id = ?`,
        input.name ?? found.name, input.value ?? found.value, now(), found.id);
      return { success: true, message: "Credential updated" };
    }),

  delete: base.use(withKey).input(z.object({ id: z.string().uuid() }))
    .handler(async ({ input, context: { tenant } }) => {
      const done = run("delete from credential where tenant = ? and id = ?",
        tenant, input.id);
      if (!done.changes) throw credentialNotFound();
      return { success: true, message: "Credential deleted" };
    }),

  upsert: base.use(withKey).input(z.object(named))
    .handler(async ({ input: { name, value }, context: { tenant } }) => {
      const found = one(
        "select id from credential where tenant = ? and name = ?",
        tenant, name);
      if (found) {
        run("update credential set value = ?, updated_at = ? where id = ?",
          value, now(), found.id);
      }
      return {
        success: true,
        credential_id: found?.id ?? insertCredential(tenant, name, value),
        overwritten: found !== undefined,
        message: found ? "Credential updated" : "Credential created",
      };
    }),
};

const betterAuthHandler = toNodeHandler(auth);
const rpcHandler = new RPCHandler({
  auth: authRoutes,
  credentials: credentialRoutes,
});

serving.resolve(async (request, response) => {
  const { pathname } = new URL(request.url, baseURL);
  if (pathname.startsWith("/api/auth/")) {
    return betterAuthHandler(request, response);
  }
  const { matched } = await rpcHandler.handle(request, response, {
    prefix: "/v1",
    context: { headers: fromNodeHeaders(request.headers) },
  });
  if (matched) return;
  response.statusCode = 404;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ error: "Not found" }));
});
const { port } = server.address();
console.log(`reference-cloud: listening on http://127.0.0.1:${port}`);
