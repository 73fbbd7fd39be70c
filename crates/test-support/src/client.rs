//! Talking HTTP.

use crate::EventStream;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, multipart};
use serde_json::Value;

/// A client of one server, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
    asked: String,
}

impl Client {
    /// A client without a token. `base` is such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, base: base.into(), headers: HeaderMap::new() }
    }

    /// The same client with another token, or with none.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        let mut client = self.clone();
        client.headers.remove(AUTHORIZATION);
        if let Some(token) = token {
            client = client.with("authorization", &format!("Bearer {token}"));
        }
        client
    }

    /// The same client with a header more.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        client.headers.insert(name, HeaderValue::from_str(value).unwrap());
        client
    }

    /// The address of a path; one that begins with `/` only is under `/api/v1`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let outside = ["/api/", "/health/", "/metrics", "/docs", "/.well-known/"];
        let prefix = if outside.iter().any(|start| path.starts_with(start)) { "" } else { "/api/v1" };
        format!("{}{prefix}{path}", self.base)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// Any method, with or without a JSON body.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.http.request(method.clone(), self.url(path)).headers(self.headers.clone());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.send(request, format!("{method} {path}")).await
    }

    /// `GET` of a stream of events; its answer must be 200.
    pub async fn stream(&self, path: &str) -> EventStream {
        let request = self.http.get(self.url(path)).headers(self.headers.clone());
        let response = request.send().await.unwrap_or_else(|error| panic!("GET {path}: {error}"));
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        EventStream::new(response)
    }

    /// `POST` with any body.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.http.post(self.url(path)).headers(self.headers.clone());
        let request = request.header("content-type", content_type).body(body.into());
        self.send(request, format!("POST {path}")).await
    }

    /// `POST` of a multipart form with a `file` and, if given, `options`.
    pub async fn upload(&self, path: &str, name: &str, content: &[u8], options: Option<&Value>) -> Answer {
        let part = multipart::Part::bytes(content.to_vec()).file_name(name.to_owned());
        let mut form = multipart::Form::new().part("file", part);
        if let Some(options) = options {
            form = form.text("options", options.to_string());
        }
        let request = self.http.post(self.url(path)).headers(self.headers.clone()).multipart(form);
        self.send(request, format!("POST {path}")).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, asked: String) -> Answer {
        let response = request.send().await.unwrap_or_else(|error| panic!("{asked}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap_or_else(|error| panic!("{asked}: {error}")).to_vec();
        Answer { status, headers, bytes, asked }
    }
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// A header as text, or empty.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON body of an answer that must have that status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem of an answer that must have that status and that code.
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.asked);
        assert_eq!(problem["code"], code, "{}: {problem}", self.asked);
        assert_eq!(problem["status"], status, "{}: {problem}", self.asked);
        problem
    }
}
