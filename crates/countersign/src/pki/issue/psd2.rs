//! Who is the payment service provider, and what may it do?

use clap::Args;
use countersign_pki::psd2::Role;
use countersign_pki::{Attribute, NewStatements, Subject};

/// Of a payment service provider's certificate.
#[derive(Debug, Args)]
#[command(next_help_heading = "A payment service provider")]
pub(super) struct Psd2Args {
    /// What the provider may do: PSP_AS, PSP_PI, PSP_AI or PSP_IC; may be repeated.
    #[arg(long, value_name = "ROLE", value_parser = role, requires = "org_id")]
    psd2_role: Vec<Role>,

    /// Under which number it is registered, and where: PSDGB-FCA-123456.
    #[arg(long, value_name = "ID", value_parser = Registration::parse, requires = "psd2_role")]
    org_id: Option<Registration>,

    /// What the provider is called [default: NAME].
    #[arg(long, value_name = "TEXT", requires = "org_id")]
    organization: Option<String>,

    /// What the authority is called that registers it [default: its identifier, such as GB-FCA].
    #[arg(long, value_name = "TEXT", requires = "org_id")]
    nca_name: Option<String>,
}

/// An organizationIdentifier of the scheme PSD (ETSI TS 119 495, 5.2.1), in its parts.
#[derive(Clone, Debug)]
struct Registration {
    whole: String,
    country: String,
    /// The national authority: `GB-FCA`.
    nca: String,
    number: String,
}

impl Registration {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix("PSD").and_then(|rest| {
            let (country, rest) = rest.split_once('-')?;
            let (code, number) = rest.split_once('-')?;
            Some((country, code, number))
        });
        match parts {
            Some((country, code, number)) if !number.is_empty() => Ok(Self {
                whole: text.to_owned(),
                country: country.to_owned(),
                nca: format!("{country}-{code}"),
                number: number.to_owned(),
            }),
            _ => {
                Err("write PSD, a country, an authority and a number: PSDGB-FCA-123456".to_owned())
            }
        }
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::named(text).ok_or_else(|| {
        let known = Role::ALL.map(Role::name).join(", ");
        format!("there are {known}")
    })
}

impl Psd2Args {
    /// The subject and the statements, if a provider is named. A QWAC is known by its host name.
    pub(super) fn stated(
        self,
        name: &str,
        cn: Option<&str>,
        dns: &[String],
    ) -> Option<(Subject, NewStatements)> {
        let registered = self.org_id?;
        let organization = self.organization.unwrap_or_else(|| name.to_owned());
        let cn = cn.or_else(|| dns.first().map(String::as_str));
        let cn = cn.unwrap_or(&organization).to_owned();
        let host = dns.first().map_or("pki.example.com", String::as_str);
        let statements = NewStatements {
            nca_name: self.nca_name.unwrap_or_else(|| registered.nca.clone()),
            nca_id: registered.nca.clone(),
            roles: self.psd2_role,
            disclosure: Some(format!("https://{host}/pds.pdf")),
        };
        Some((subject(registered, organization, cn), statements))
    }
}

/// What the EV Guidelines, 9.2, want to know of an organisation.
fn subject(registered: Registration, organization: String, cn: String) -> Subject {
    Subject::new()
        .with(Attribute::JurisdictionCountry, &registered.country)
        .with(Attribute::BusinessCategory, "Private Organization")
        .with(Attribute::SerialNumber, registered.number)
        .with(Attribute::Country, registered.country)
        .with(Attribute::State, "Test State")
        .with(Attribute::Organization, organization)
        .with(Attribute::OrganizationIdentifier, registered.whole)
        .with(Attribute::CommonName, cn)
}
