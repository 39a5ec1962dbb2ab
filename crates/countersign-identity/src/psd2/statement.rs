//! What does a PSD2 statement say (ETSI TS 119 495, section 5.1)?

use super::{Psd2Error, Psd2Role, UnknownRole};
use crate::der::{self, Der, Value};
use crate::{Oid, organization};

pub(super) struct Statement {
    pub(super) roles: Vec<Psd2Role>,
    pub(super) unknown_roles: Vec<UnknownRole>,
    pub(super) nca_name: String,
    pub(super) nca_id: String,
}

impl Statement {
    /// PSD2QcType ::= SEQUENCE { rolesOfPSP, nCAName UTF8String, nCAId UTF8String }
    pub(super) fn read(info: &[u8]) -> Result<Self, Psd2Error> {
        let malformed = Psd2Error::Encoding {
            part: "the PSD2 statement",
        };
        let (roles, nca_name, nca_id) = parts(info).ok_or(malformed)?;
        let mut statement = Self {
            roles: Vec::new(),
            unknown_roles: Vec::new(),
            nca_name,
            nca_id,
        };
        statement.add_roles(Der::new(roles))?;
        if !is_nca(&statement.nca_id) {
            return Err(Psd2Error::Nca {
                id: statement.nca_id,
            });
        }
        Ok(statement)
    }

    fn add_roles(&mut self, mut roles: Der<'_>) -> Result<(), Psd2Error> {
        if roles.is_empty() {
            return Err(Psd2Error::Roleless);
        }
        while !roles.is_empty() {
            let (oid, name) = role(roles.value().ok_or(MALFORMED_ROLE)?)?;
            self.add_role(oid, name)?;
        }
        Ok(())
    }

    /// Its object identifier and its name are one role's, or nobody's.
    fn add_role(&mut self, oid: &[u8], name: String) -> Result<(), Psd2Error> {
        let by_oid = Psd2Role::ALL.into_iter().find(|role| role.oid() == oid);
        let by_name = name.parse().ok();
        let oid = Oid::from_content(oid).ok_or(MALFORMED_ROLE)?;
        match (by_oid, by_name) {
            (Some(role), Some(named)) if role == named => self.roles.push(role),
            (None, None) => self.unknown_roles.push(UnknownRole { oid, name }),
            _ => return Err(Psd2Error::RoleMismatch { oid, name }),
        }
        Ok(())
    }
}

fn parts(info: &[u8]) -> Option<(&[u8], String, String)> {
    let mut parts = Der::new(Der::only(info, der::SEQUENCE)?);
    let roles = parts.content(der::SEQUENCE)?;
    let (name, id) = (text(&mut parts)?, text(&mut parts)?);
    parts.is_empty().then_some((roles, name, id))
}

/// RoleOfPSP ::= SEQUENCE { roleOfPspOid, roleOfPspName UTF8String }
fn role(value: Value<'_>) -> Result<(&[u8], String), Psd2Error> {
    let mut parts = Der::new(value.content);
    match value.tag {
        der::OBJECT_IDENTIFIER => return Err(Psd2Error::FlatRoles),
        der::SEQUENCE => {}
        _ => return Err(MALFORMED_ROLE),
    }
    let oid = parts
        .content(der::OBJECT_IDENTIFIER)
        .ok_or(MALFORMED_ROLE)?;
    let name = text(&mut parts).ok_or(MALFORMED_ROLE)?;
    match parts.is_empty() {
        true => Ok((oid, name)),
        false if parts.content(der::OBJECT_IDENTIFIER).is_some() => Err(Psd2Error::FlatRoles),
        false => Err(MALFORMED_ROLE),
    }
}

/// UTF8String (SIZE (1..256)), of characters that can be printed.
fn text(parts: &mut Der<'_>) -> Option<String> {
    let text = std::str::from_utf8(parts.content(der::UTF8_STRING)?).ok()?;
    let fits = (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// TS 119 495, section 5.2.3: the country (ISO 3166-1), a dash, two to eight letters.
fn is_nca(id: &str) -> bool {
    id.split_once('-').is_some_and(|(country, authority)| {
        is_country(country) && organization::is_authority(authority)
    })
}

fn is_country(letters: &str) -> bool {
    let (countries, _) = COUNTRIES.as_bytes().as_chunks::<2>();
    countries
        .iter()
        .any(|country| country == letters.as_bytes())
}

const MALFORMED_ROLE: Psd2Error = Psd2Error::Encoding {
    part: "a role of the PSD2 statement",
};

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "\
    ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCN\
    COCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHM\
    HNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMK\
    MLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
    SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVI\
    VNVUWFWSYEYTZAZMZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_countries_are_the_249_of_iso_3166() {
        let (countries, rest) = COUNTRIES.as_bytes().as_chunks::<2>();
        assert_eq!((countries.len(), rest), (249, &b""[..]));
        assert!(countries.is_sorted());
    }

    #[test]
    fn an_authority_is_a_country_and_two_to_eight_letters() {
        for (id, is_one) in [
            ("GB-FCA", true),
            ("DE-BAFIN", true),
            ("SE-FI", true),
            ("XX-FCA", false),
            ("GB-F", false),
            ("GB-AUTHORITY", false),
            ("GB-fca", false),
            ("gb-FCA", false),
            ("GB", false),
            ("GBFCA", false),
            ("fca", false),
            ("GB-FCA-1", false),
            ("", false),
        ] {
            assert_eq!(is_nca(id), is_one, "{id}");
        }
    }
}
