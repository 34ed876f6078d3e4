//! A strict split of DER into its elements, bytes kept as they stand, and the reverse.
//!
//! Names and keys are copied from certificate to certificate and never re-encoded, because re-encoding loses what
//! others wrote (several groups in one set, unusual string types). So the outer structures are taken apart here.

use der::asn1::{Any, AnyRef};
use der::{Decode, Encode, Reader, SliceReader, Tag};

use super::Error;

/// The elements of the SEQUENCE or SET in `der`, each with its tag and length.
///
/// # Errors
/// When `der` is not exactly one element with tag `tag`, or an element inside is cut short.
pub fn children<'a>(der: &'a [u8], tag: Tag, what: &'static str) -> Result<Vec<&'a [u8]>, Error> {
    elements(value(der, tag, what)?, what)
}

/// The elements that follow each other in `body`, each with its tag and length.
///
/// # Errors
/// When one is cut short.
pub fn elements<'a>(body: &'a [u8], what: &'static str) -> Result<Vec<&'a [u8]>, Error> {
    let mut reader = SliceReader::new(body).map_err(Error::der(what))?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(reader.tlv_bytes().map_err(Error::der(what))?);
    }
    Ok(elements)
}

/// The content octets of the one element in `der`, which must have tag `tag`.
///
/// # Errors
/// When there is another tag, a length that does not fit, or bytes after the element.
pub fn value<'a>(der: &'a [u8], tag: Tag, what: &'static str) -> Result<&'a [u8], Error> {
    let element = AnyRef::from_der(der).map_err(Error::der(what))?;
    ::der::Tagged::tag(&element).assert_eq(tag).map_err(|kind| Error::Der { what, source: kind })?;
    Ok(element.value())
}

/// The first octet of the one element in `der`, which is its tag where that has a low number, and its content octets.
///
/// # Errors
/// When there is a length that does not fit, or bytes after the element.
pub fn tagged<'a>(der: &'a [u8], what: &'static str) -> Result<(u8, &'a [u8]), Error> {
    let element = AnyRef::from_der(der).map_err(Error::der(what))?;
    Ok((der.first().copied().unwrap_or_default(), element.value()))
}

/// A SEQUENCE of elements that are already encoded.
///
/// # Errors
/// When the whole is longer than DER can say.
pub fn sequence(elements: &[&[u8]], what: &'static str) -> Result<Vec<u8>, Error> {
    Any::new(Tag::Sequence, elements.concat()).and_then(|any| any.to_der()).map_err(Error::der(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_splits_and_joins_to_the_same_bytes() {
        let der = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xff];
        let parts = children(&der, Tag::Sequence, "test").unwrap();
        assert_eq!(parts, [&der[2..5], &der[5..8]]);
        assert_eq!(sequence(&parts, "test").unwrap(), der);
    }

    #[test]
    fn trailing_bytes_cut_elements_and_other_tags_are_refused() {
        for der in [&[0x30, 0x00, 0x00][..], &[0x30, 0x02, 0x02, 0x05], &[0x31, 0x00], &[]] {
            assert!(children(der, Tag::Sequence, "test").is_err(), "{der:02x?}");
        }
    }
}
