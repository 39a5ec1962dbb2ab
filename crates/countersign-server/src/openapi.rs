//! How are the APIs described to machines (OpenAPI 3.1)?

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, Required, ResponseBuilder};

use crate::open_banking::{PREFIX, TppMessagesDocument, accounts, consents, funds, payments};
use crate::routes::{transactions, whoami};

/// The OpenAPI document of the reference server with [open banking](crate::bank()), as JSON.
///
/// It is generated from the handlers; a copy stands in `docs/reference/openapi.json`.
pub fn openapi() -> String {
    json(&with_open_banking())
}

/// Served by the server without open banking.
pub(crate) fn own() -> String {
    let mut api = <Own as utoipa::OpenApi>::openapi();
    complete(&mut api);
    json(&api)
}

/// Answers with the document, to whoever may know which routes there are.
#[utoipa::path(get, path = "/openapi.json", tag = "openapi",
    responses((status = 200, description = "This document", content_type = "application/json", body = serde_json::Value)))]
pub(crate) async fn document(document: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

fn with_open_banking() -> OpenApi {
    let mut api = <Own as utoipa::OpenApi>::openapi();
    api.merge(<Bank as utoipa::OpenApi>::openapi());
    complete(&mut api);
    api
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Countersign reference server",
        description = "Whoever calls is known by a certificate."
    ),
    paths(
        whoami::whoami,
        transactions::list,
        transactions::create,
        transactions::find,
        document
    )
)]
struct Own;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        consents::create,
        consents::find,
        consents::status,
        consents::terminate,
        accounts::list,
        accounts::find,
        accounts::balances,
        accounts::transactions,
        payments::initiate,
        payments::find,
        payments::status,
        funds::confirm
    ),
    components(schemas(TppMessagesDocument))
)]
struct Bank;

/// Adds what is the same for every route: how it is refused, and who may call.
fn complete(api: &mut OpenApi) {
    api.servers = None;
    let components = api.components.get_or_insert_with(Components::new);
    components
        .schemas
        .insert("Problem".to_owned(), problem().into());
    components.add_security_scheme(
        "certificate",
        SecurityScheme::MutualTls {
            description: None,
            extensions: None,
        },
    );
    api.security = Some(vec![SecurityRequirement::new(
        "certificate",
        Vec::<String>::new(),
    )]);
    for (path, item) in &mut api.paths.paths {
        let family = Family::of(path);
        for operation in operations(item) {
            name(operation);
            family.complete(operation, path);
        }
    }
}

/// Handlers of two modules may be called the same, operations may not.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(own)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}-{own}"));
    }
}

/// Who words the refusals of a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Problems,
    BerlinGroup,
}

impl Family {
    fn of(path: &str) -> Self {
        if path.starts_with(PREFIX) {
            Self::BerlinGroup
        } else {
            Self::Problems
        }
    }

    fn complete(self, operation: &mut Operation, path: &str) {
        let has_body = operation.request_body.is_some();
        let mut refusals = vec![
            (400, "The request is invalid"),
            (401, "The certificate is not accepted"),
            (403, "The caller may not do this"),
        ];
        if path.contains('{') {
            refusals.push((404, "There is no such resource"));
        }
        if has_body {
            refusals.extend([
                (409, "The idempotency key is that of something else"),
                (413, "The body is too large"),
                (415, "The body is not JSON"),
            ]);
        }
        if self == Self::BerlinGroup && path.contains("/accounts") {
            refusals.push((429, "The consent is for fewer accesses"));
        }
        refusals.extend([
            (500, "The server failed"),
            (503, "The server has too much to do"),
        ]);
        for (status, description) in refusals {
            let response = self.response(description);
            operation
                .responses
                .responses
                .insert(status.to_string(), response.into());
        }
        if self == Self::BerlinGroup {
            operation
                .parameters
                .get_or_insert_default()
                .push(request_id());
        }
    }

    fn response(self, description: &str) -> utoipa::openapi::Response {
        let (media_type, schema) = match self {
            Self::Problems => ("application/problem+json", "Problem"),
            Self::BerlinGroup => ("application/json", "TppMessages"),
        };
        let schema = Ref::from_schema_name(schema);
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new()
            .description(description)
            .content(media_type, content)
            .build()
    }
}

fn request_id() -> utoipa::openapi::path::Parameter {
    let uuid = SchemaFormat::Custom("uuid".to_owned());
    let uuid = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(uuid));
    ParameterBuilder::new()
        .name("X-Request-ID")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("Of this call; it comes back."))
        .schema(Some(uuid))
        .build()
}

/// RFC 9457, as `countersign-problem` writes it.
fn problem() -> utoipa::openapi::schema::Schema {
    let texts = ["type", "title", "detail", "code", "correlation_id"].into_iter();
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let object = texts.fold(ObjectBuilder::new(), |object, name| {
        object.property(name, text()).required(name)
    });
    let status = ObjectBuilder::new().schema_type(Type::Integer);
    object
        .property("status", status)
        .required("status")
        .build()
        .into()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete]
        .into_iter()
        .flatten()
}

fn json(api: &OpenApi) -> String {
    // Strings and numbers: it cannot fail to encode.
    api.to_pretty_json().unwrap_or_default()
}
