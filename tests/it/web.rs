//! Plain requests to the practice account, as any client could send them.

use poolwright::{
    domain::secret::Secret,
    practice::account::{ALL_SCOPES, Account, Allowance, CLUSTER_NAME},
};
use serde_json::Value;

pub struct Web {
    client: reqwest::Client,
    base: String,
    token: Secret,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `Null` where the answer is empty.
    pub body: Value,
}

impl Answer {
    pub fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {}", self.body))
    }

    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is no text"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }
}

impl Web {
    pub fn new(base: &str, token: Secret) -> Self {
        // Only the first process-wide provider counts; another test may have set the same.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, base: base.to_owned(), token }
    }

    /// A client with a new token.
    pub async fn with(account: &Account, scopes: &[&str]) -> Self {
        Self::new(account.base(), account.issue(scopes, Allowance::default()).await.unwrap())
    }

    pub async fn with_everything(account: &Account) -> Self {
        Self::with(account, ALL_SCOPES).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{path}", self.base);
        let mut request =
            self.client.request(method.parse().unwrap(), url).bearer_auth(self.token.expose());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok(Answer { status, headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await.unwrap()
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body)).await.unwrap()
    }

    /// The path of the practice cluster.
    pub async fn cluster(&self) -> String {
        let list = self.get("/v2/databases").await;
        let clusters = list.at("/databases").as_array().unwrap();
        let cluster = clusters.iter().find(|cluster| cluster["name"] == CLUSTER_NAME).unwrap();
        format!("/v2/databases/{}", cluster["id"].as_str().unwrap())
    }

    /// The path of the app that uses the cluster.
    pub async fn app(&self) -> String {
        let list = self.get("/v2/apps").await;
        let apps = list.at("/apps").as_array().unwrap();
        let app = apps.iter().find(|app| app["spec"].get("databases").is_some()).unwrap();
        format!("/v2/apps/{}", app["id"].as_str().unwrap())
    }
}
