//! What can a TPP do at a bank?

use std::time::Duration;

use countersign_client::{
    BuildError, Client, CredentialSource, Method, RequestBuilder, Response, Retry, ServerTrust,
    TokenSource, Url,
};
use futures_util::{Stream, TryStreamExt, stream};

use crate::document::{
    AccountsDocument, BalancesDocument, ConsentDocument, EntriesDocument, FundsDocument,
    FundsQuestionDocument, LinksDocument, MessagesDocument, NewConsentDocument, NewPaymentDocument,
    PaymentDocument, PaymentStatusDocument,
};
use crate::{
    Account, AccountId, Balance, ConsentId, Entry, Error, Money, NewConsent, NewPayment, PaymentId,
    PaymentKey, Product, TppRefusal,
};

/// A bank, as a TPP sees it. Cheap to clone, and may be kept for ever.
#[derive(Clone, Debug)]
pub struct OpenBanking {
    client: Client,
    bank: Url,
    tokens: Option<TokenSource>,
    page: u8,
}

impl OpenBanking {
    /// Calls the bank as the holder of this QWAC, each call within 30 s and repeated up to three times where that
    /// is safe.
    ///
    /// # Errors
    ///
    /// The credential cannot be loaded.
    pub async fn connect(
        bank: Url,
        credential: impl Into<CredentialSource>,
        trust: ServerTrust,
    ) -> Result<Self, BuildError> {
        let builder = Client::builder().credential(credential).trust(trust);
        let builder = builder.retry(Retry::times(3)).timeout(LIMIT);
        let builder = builder.configure(|http| http.user_agent(USER_AGENT));
        Ok(Self::over(builder.build().await?, bank))
    }

    /// Calls the bank by a client with settings of your own.
    pub fn over(client: Client, bank: Url) -> Self {
        Self {
            client,
            bank,
            tokens: None,
            page: 100,
        }
    }

    /// Sends an access token of `tokens` with each call, bound to the certificate.
    #[must_use]
    pub fn with_tokens(self, tokens: TokenSource) -> Self {
        let tokens = Some(tokens);
        Self { tokens, ..self }
    }

    /// Fetches lists in pages of this size, from 1 to 100, instead of 100.
    #[must_use]
    pub fn by_pages_of(self, page: u8) -> Self {
        let page = page.clamp(1, 100);
        Self { page, ..self }
    }

    /// Asks for a consent.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the bank keeps no such account or the day has passed; others as for every call.
    pub async fn ask_consent(&self, new: &NewConsent) -> Result<ConsentId, Error> {
        let request = self.request(Method::POST, self.below(&["consents"]));
        let answer = answer(request.json(&NewConsentDocument::of(new))).await?;
        let document: ConsentDocument = answer.json().await?;
        Ok(ConsentId::new(document.consent_id))
    }

    /// Gives a consent back: it ends at once.
    ///
    /// # Errors
    ///
    /// [`Error::Consent`] if it is unknown; others as for every call.
    pub async fn end_consent(&self, consent: &ConsentId) -> Result<(), Error> {
        let url = self.below(&["consents", consent.as_str()]);
        answer(self.request(Method::DELETE, url)).await.map(drop)
    }

    /// The accounts of a consent, fetched page by page as they are taken.
    pub fn accounts(
        &self,
        consent: &ConsentId,
    ) -> impl Stream<Item = Result<Account, Error>> + Send + Unpin + use<> {
        let mut first = self.below(&["accounts"]);
        first
            .query_pairs_mut()
            .append_pair("limit", &self.page.to_string());
        self.pages(first, consent, |document: AccountsDocument| {
            let accounts = document
                .accounts
                .into_iter()
                .map(|account| Ok(account.into()));
            (accounts.collect(), document.links)
        })
    }

    /// What came to an account and went, the newest first, fetched page by page as it is taken.
    pub fn transactions(
        &self,
        consent: &ConsentId,
        account: &AccountId,
    ) -> impl Stream<Item = Result<Entry, Error>> + Send + Unpin + use<> {
        let mut first = self.below(&["accounts", account.as_str(), "transactions"]);
        let mut query = first.query_pairs_mut();
        query
            .append_pair("bookingStatus", "booked")
            .append_pair("limit", &self.page.to_string());
        drop(query);
        self.pages(first, consent, |document: EntriesDocument| {
            let booked = document.transactions.booked.into_iter();
            (
                booked.map(TryInto::try_into).collect(),
                document.transactions.links,
            )
        })
    }

    /// How much is in an account.
    ///
    /// # Errors
    ///
    /// [`Error::Consent`] if the consent is not for it; others as for every call.
    pub async fn balances(
        &self,
        consent: &ConsentId,
        account: &AccountId,
    ) -> Result<Vec<Balance>, Error> {
        let url = self.below(&["accounts", account.as_str(), "balances"]);
        let request = self
            .request(Method::GET, url)
            .header(CONSENT, consent.as_str());
        let document: BalancesDocument = answer(request).await?.json().await?;
        document
            .balances
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// Initiates a payment: one, however often the call has to be repeated.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the bank does not take it; others as for every call.
    pub async fn initiate(&self, product: Product, new: &NewPayment) -> Result<PaymentId, Error> {
        let key = PaymentKey::random(&mut rand::rng());
        self.initiate_once(&key, product, new).await
    }

    /// Initiates a payment under this key, or finds the one that was initiated under it.
    ///
    /// # Errors
    ///
    /// As [`initiate`](Self::initiate), and [`Error::KeyReused`].
    pub async fn initiate_once(
        &self,
        key: &PaymentKey,
        product: Product,
        new: &NewPayment,
    ) -> Result<PaymentId, Error> {
        let url = self.below(&["payments", product.as_str()]);
        let request = self
            .request(Method::POST, url)
            .header("idempotency-key", key.as_str());
        let answer = answer(request.json(&NewPaymentDocument::of(new))).await?;
        let document: PaymentDocument = answer.json().await?;
        Ok(PaymentId::new(document.payment_id))
    }

    /// What has become of a payment (ISO 20022), such as `ACSC`: settled.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such payment of this TPP; others as for every call.
    pub async fn payment_status(
        &self,
        product: Product,
        payment: &PaymentId,
    ) -> Result<String, Error> {
        let url = self.below(&["payments", product.as_str(), payment.as_str(), "status"]);
        let document: PaymentStatusDocument =
            answer(self.request(Method::GET, url)).await?.json().await?;
        Ok(document.transaction_status)
    }

    /// Whether an account has so much.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the bank keeps no such account; others as for every call.
    pub async fn confirm_funds(&self, iban: &str, amount: &Money) -> Result<bool, Error> {
        let request = self.request(Method::POST, self.below(&["funds-confirmations"]));
        let request = request.json(&FundsQuestionDocument::of(iban, amount));
        let document: FundsDocument = answer(request).await?.json().await?;
        Ok(document.funds_available)
    }

    fn pages<D, T>(
        &self,
        first: Url,
        consent: &ConsentId,
        items: fn(D) -> Page<T>,
    ) -> impl Stream<Item = Result<T, Error>> + Send + Unpin + use<D, T>
    where
        D: serde::de::DeserializeOwned + Send + 'static,
        T: Send + 'static,
    {
        let (bank, consent) = (self.clone(), consent.clone());
        let pages = stream::try_unfold(Some(first), move |url| {
            let (bank, consent) = (bank.clone(), consent.clone());
            async move {
                let Some(url) = url else {
                    return Ok::<_, Error>(None);
                };
                let request = bank
                    .request(Method::GET, url)
                    .header(CONSENT, consent.as_str());
                let document: D = answer(request).await?.json().await?;
                let (items, links) = items(document);
                Ok(Some((items, bank.next(links)?)))
            }
        });
        Box::pin(pages.map_ok(stream::iter).try_flatten())
    }

    /// Where the next page is: nowhere but at this bank.
    fn next(&self, links: LinksDocument) -> Result<Option<Url>, Error> {
        let Some(link) = links.next else {
            return Ok(None);
        };
        match self.bank.join(&link.href) {
            Ok(url) if url.origin() == self.bank.origin() => Ok(Some(url)),
            _ => Err(Error::unexpected("the next page is elsewhere")),
        }
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self
            .client
            .request(method, url)
            .header("x-request-id", request_id());
        match &self.tokens {
            Some(tokens) => request.bound_token(tokens),
            None => request,
        }
    }

    /// The URL of what is below the API; each segment is encoded, so that none can be two.
    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.bank.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(["open-banking", "v1"])
                .extend(segments);
        }
        url
    }
}

/// Part of a list, and where there is more.
type Page<T> = (Vec<Result<T, Error>>, LinksDocument);

/// The answer, or what the bank says of its refusal.
async fn answer(request: RequestBuilder) -> Result<Response, Error> {
    let response = request.send_any_status().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let document: MessagesDocument = response.json().await?;
    let message = document.tpp_messages.into_iter().next();
    let message = message.ok_or_else(|| Error::unexpected("a refusal without a message"))?;
    Err(TppRefusal {
        status,
        code: message.code,
        text: message.text,
    }
    .into())
}

/// A random UUID (RFC 9562, section 5.4).
fn request_id() -> String {
    let random = rand::random::<u128>() & !(0xf << 76 | 0b11 << 62) | (0x4 << 76 | 0b10 << 62);
    let hex = format!("{random:032x}");
    let mut id = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

const CONSENT: &str = "consent-id";
const LIMIT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
