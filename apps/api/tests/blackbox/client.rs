//! Requests and answers.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { http, base: base.to_owned(), headers: HeaderMap::new() }
    }

    /// The same with a header in every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name: HeaderName = name.parse().unwrap();
        client.headers.insert(name, HeaderValue::from_str(value).unwrap());
        client
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request("POST", path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request("PUT", path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request("PATCH", path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    /// A request with that text as its JSON body; none when it is empty.
    pub(crate) async fn raw(&self, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(method, path);
        let body = body.into();
        let is_read = method == "GET" || method == "DELETE";
        let typed = self.headers.contains_key("content-type");
        self.send(match (is_read, typed) {
            (true, _) => request,
            (false, true) => request.body(body),
            (false, false) => request.header("content-type", "application/json").body(body),
        })
        .await
    }

    /// Uploads a file to import.
    pub(crate) async fn import(&self, path: &str, upload: Upload<'_>) -> Answer {
        self.send(self.request("POST", path).multipart(upload.form())).await
    }

    /// Sends a form of any parts: name, file name, content.
    pub(crate) async fn form(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        let form = parts.iter().fold(reqwest::multipart::Form::new(), |form, (name, file_name, content)| {
            let part = reqwest::multipart::Part::bytes(content.to_vec());
            form.part(
                (*name).to_owned(),
                match file_name {
                    Some(file_name) => part.file_name((*file_name).to_owned()),
                    None => part,
                },
            )
        });
        self.send(self.request("POST", path).multipart(form)).await
    }

    /// The answer, or nothing when the server does not answer at all.
    pub(crate) async fn try_get(&self, path: &str) -> Option<Answer> {
        Answer::of(self.request("GET", path)).await.ok()
    }

    /// The answer to an upload, or nothing when the server went away meanwhile.
    pub(crate) async fn try_import(&self, path: &str, upload: Upload<'_>) -> Option<Answer> {
        Answer::of(self.request("POST", path).multipart(upload.form())).await.ok()
    }

    /// The answer, or nothing when the server goes away.
    pub(crate) async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        Answer::of(self.request("POST", path).json(&body)).await.ok()
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        match Answer::of(request).await {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }
}

/// A file to import.
#[derive(Clone, Copy)]
pub(crate) struct Upload<'f> {
    pub(crate) name: &'f str,
    pub(crate) content: &'f [u8],
    pub(crate) options: Option<&'f str>,
}

impl<'f> Upload<'f> {
    /// A file that needs no options.
    pub(crate) const fn new(name: &'f str, content: &'f [u8]) -> Self {
        Self { name, content, options: None }
    }

    fn form(self) -> reqwest::multipart::Form {
        let file = reqwest::multipart::Part::bytes(self.content.to_vec()).file_name(self.name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file);
        match self.options {
            Some(options) => form.text("options", options.to_owned()),
            None => form,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// The header, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON body; null for none.
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    pub(crate) fn status_is(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
    }

    /// The JSON body of an answer that must have that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        self.status_is(status);
        self.json()
    }

    /// The body of an answer that must have that status, as text.
    #[track_caller]
    pub(crate) fn expect_text(self, status: u16) -> String {
        self.status_is(status);
        self.text()
    }

    /// The problem of an answer that must have that status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        let problem = self.problem();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
        problem
    }

    /// The body of an error, which must be problem JSON that fits its status.
    #[track_caller]
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        problem
    }

    /// The problem without what differs between two requests.
    #[track_caller]
    pub(crate) fn anonymous_problem(&self) -> (u16, Value) {
        let mut problem = self.problem();
        problem.as_object_mut().unwrap().remove("request_id");
        (self.status, problem)
    }
}
