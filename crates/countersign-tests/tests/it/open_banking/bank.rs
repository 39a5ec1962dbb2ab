//! The bank of these tests, and a TPP that calls it.

use countersign_client::{Client, Method};
use countersign_pki::psd2::{Nca, QcType, Role, Tpp};
use countersign_pki::{Issued, Request};
use countersign_tests::World;
use serde_json::{Value, json};

pub(super) const IBAN: &str = "DE89370400440532013000";
pub(super) const OTHER_IBAN: &str = "GB29NWBK60161331926819";
pub(super) const ACCOUNT: &str = "3dc3d5b3-7023-4848-9853-f5400a64e80f";
pub(super) const OTHER_ACCOUNT: &str = "3dc3d5b3-7023-4848-9853-f5400a64e810";
pub(super) const REQUEST_ID: &str = "99391c7e-ad88-49ec-a2ad-99ddcb1f7721";

/// A TPP of the number, with roles.
pub(super) fn tpp(number: &str, roles: impl IntoIterator<Item = Role>) -> Tpp {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    Tpp::new("Acme TPP Limited", fca, number).roles(roles)
}

pub(super) fn qwac<'a>(world: &'a World, tpp: &Tpp) -> Request<'a> {
    tpp.qwac(&world.issuing, world.clock.now())
}

/// A TPP and its connection to the bank.
pub(super) struct Caller<'a> {
    world: &'a World,
    client: Client,
}

/// What the bank answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) body: Value,
}

impl<'a> Caller<'a> {
    /// The TPP of the policy that may do everything, with these roles in its certificate.
    pub(super) async fn with(world: &'a World, roles: impl IntoIterator<Item = Role>) -> Self {
        Self::of(world, &tpp("123456", roles)).await
    }

    pub(super) async fn of(world: &'a World, tpp: &Tpp) -> Self {
        Self::presenting(world, &qwac(world, tpp).issue().unwrap()).await
    }

    pub(super) async fn presenting(world: &'a World, issued: &Issued) -> Self {
        let client = world.client(Some(issued)).unwrap().build().await.unwrap();
        Self { world, client }
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, headers, None).await
    }

    pub(super) async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        self.call(Method::POST, path, headers, Some(body)).await
    }

    /// Calls `path` below the API, with an id.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let id = [("x-request-id", REQUEST_ID)];
        let headers: Vec<_> = id.iter().chain(headers).copied().collect();
        self.call_bare(method, path, &headers, body).await
    }

    /// The same without an id.
    pub(super) async fn call_bare(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let url = self.world.url(&format!("/open-banking/v1{path}"));
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send_any_status().await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Answer {
            status: response.status().as_u16(),
            request_id: header("x-request-id"),
            media_type: header("content-type"),
            body: serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default(),
        }
    }

    /// A consent to see everything of one account.
    pub(super) async fn consent(&self) -> String {
        let answer = self.post("/consents", &[], new_consent()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.word("/consentId").to_owned()
    }
}

impl Answer {
    /// The status and the code of a refusal.
    pub(super) fn refusal(&self) -> String {
        assert_eq!(self.word("/tppMessages/0/category"), "ERROR");
        let code = self.word("/tppMessages/0/code");
        assert_eq!(self.media_type.as_deref(), Some("application/json"));
        format!("{} {code}", self.status)
    }

    pub(super) fn text(&self) -> &str {
        self.word("/tppMessages/0/text")
    }

    /// The text at a JSON pointer.
    pub(super) fn word(&self, pointer: &str) -> &str {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no {pointer} in {self:?}"))
    }
}

pub(super) fn new_consent() -> Value {
    let of = json!([{ "iban": IBAN }]);
    json!({
        "access": { "balances": of, "transactions": of },
        "recurringIndicator": true,
        "validUntil": "2026-10-31",
        "frequencyPerDay": 4,
        "combinedServiceIndicator": false,
    })
}

pub(super) fn new_payment(amount: &str) -> Value {
    json!({
        "debtorAccount": { "iban": IBAN },
        "instructedAmount": { "currency": "EUR", "amount": amount },
        "creditorAccount": { "iban": "FR1420041010050500013M02606" },
        "creditorName": "Bookshop",
        "remittanceInformationUnstructured": "invoice 17",
    })
}

pub(super) fn funds_question(iban: &str, currency: &str, amount: &str) -> Value {
    json!({
        "account": { "iban": iban },
        "instructedAmount": { "currency": currency, "amount": amount },
    })
}

pub(super) fn all_roles() -> [Role; 4] {
    Role::ALL
}

/// Statements for TLS that `tpp` would have.
pub(super) fn statements(tpp: &Tpp) -> countersign_pki::psd2::QcStatements {
    tpp.qc_statements(QcType::Web)
}
