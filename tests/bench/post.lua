-- What wrk sends to the cloud and to nginx alike: a credential is asked for.
wrk.method = "POST"
wrk.body = '{"json":{"name":"warm"}}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-api-key"] = os.getenv("API_KEY")
