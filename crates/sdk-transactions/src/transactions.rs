//! What can be done with transactions?

use std::time::Duration;

use countersign_client::{
    BuildError, Client, Code, CredentialSource, RequestBuilder, Retry, ServerTrust,
};
use futures_util::{Stream, TryStreamExt, stream};

use crate::document::{NewTransactionDocument, PageDocument, PagingDocument, TransactionDocument};
use crate::{
    BaseUrl, Error, IdempotencyKey, NewTransaction, Page, PageSize, Transaction, TransactionId,
};

/// The ledger of the reference API, as its callers see it. Cheap to clone, and may be kept for ever.
#[derive(Clone, Debug)]
pub struct Transactions {
    client: Client,
    base: BaseUrl,
}

impl Transactions {
    /// Calls the API as the holder of this credential, each call within 30 s and repeated up to three times
    /// where that is safe.
    ///
    /// # Errors
    ///
    /// The credential cannot be loaded.
    pub async fn connect(
        base: BaseUrl,
        credential: impl Into<CredentialSource>,
        trust: ServerTrust,
    ) -> Result<Self, BuildError> {
        let builder = Client::builder().credential(credential).trust(trust);
        let builder = builder.retry(Retry::times(3)).timeout(LIMIT);
        let builder = builder.configure(|http| http.user_agent(USER_AGENT));
        Ok(Self::over(builder.build().await?, base))
    }

    /// Calls the API by a client with settings of your own.
    pub fn over(client: Client, base: BaseUrl) -> Self {
        Self { client, base }
    }

    /// Makes a transaction: one, however often the call has to be repeated.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::KeyReused`].
    pub async fn create(&self, new: &NewTransaction) -> Result<Transaction, Error> {
        let key = IdempotencyKey::random(&mut rand::rng());
        self.create_once(&key, new).await
    }

    /// Makes a transaction under this key, or finds the one that was made under it.
    ///
    /// # Errors
    ///
    /// Every [`Error`].
    pub async fn create_once(
        &self,
        key: &IdempotencyKey,
        new: &NewTransaction,
    ) -> Result<Transaction, Error> {
        let currency = new.amount.currency();
        let body = NewTransactionDocument::of(new, currency.as_str());
        let request = self.client.post(self.base.join(LEDGER)).json(&body);
        let request = request.header("idempotency-key", key.as_str());
        transaction(request).await
    }

    /// The transaction of this id, if there is one.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::KeyReused`].
    pub async fn find(&self, id: &TransactionId) -> Result<Option<Transaction>, Error> {
        let url = self.base.join(&[LEDGER, &[id.as_str()]].concat());
        match transaction(self.client.get(url)).await {
            Err(Error::Other { source }) if source.code() == Some(Code::NotFound) => Ok(None),
            found => found.map(Some),
        }
    }

    /// All transactions, oldest first, fetched page by page as they are taken.
    pub fn list(&self) -> impl Stream<Item = Result<Transaction, Error>> + Send + Unpin + use<> {
        self.list_by(PageSize::MAX)
    }

    /// The same, with pages of another size.
    pub fn list_by(
        &self,
        size: PageSize,
    ) -> impl Stream<Item = Result<Transaction, Error>> + Send + Unpin + use<> {
        let api = self.clone();
        let pages = stream::try_unfold(Cursor::Start, move |cursor| {
            let api = api.clone();
            async move { api.page_at(cursor, size).await }
        });
        let items = pages.map_ok(|items| stream::iter(items.into_iter().map(Ok)));
        Box::pin(items.try_flatten())
    }

    /// The page after a transaction, or the first.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::KeyReused`].
    pub async fn page(&self, after: Option<&TransactionId>, size: PageSize) -> Result<Page, Error> {
        let request = self.client.get(self.base.join(LEDGER));
        let request = request.query(&PagingDocument::of(after, size));
        let document: PageDocument = request.send().await?.json().await?;
        document.try_into()
    }

    async fn page_at(
        &self,
        cursor: Cursor,
        size: PageSize,
    ) -> Result<Option<(Vec<Transaction>, Cursor)>, Error> {
        let after = match cursor {
            Cursor::Start => None,
            Cursor::After(id) => Some(id),
            Cursor::End => return Ok(None),
        };
        let page = self.page(after.as_ref(), size).await?;
        Ok(Some((
            page.items,
            page.next.map_or(Cursor::End, Cursor::After),
        )))
    }
}

async fn transaction(request: RequestBuilder) -> Result<Transaction, Error> {
    let document: TransactionDocument = request.send().await?.json().await?;
    document.try_into()
}

/// Where the next page begins.
enum Cursor {
    Start,
    After(TransactionId),
    End,
}

const LEDGER: &[&str] = &["v1", "transactions"];
const LIMIT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
