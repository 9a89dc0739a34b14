//! One file out of a tar archive that comes in pieces. Nothing of it is kept but the piece that is read.
//!
//! The format is POSIX's ustar with pax records (`path`, `size`, `linkpath`), and GNU's long names and large numbers: what the
//! engines write.

use std::collections::HashMap;

const BLOCK: usize = 512;

/// A record of names longer than this is no honest one.
const LONGEST_RECORD: u64 = 1 << 20;

/// What an archive says of its first entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A piece of the file.
    Bytes(Vec<u8>),
    /// All of the file has come.
    End,
    Link(String),
    Folder,
    /// Neither a file, a folder nor a link: the letter of its kind.
    Other(char),
}

/// Reads the archive of one file.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    waiting: Vec<u8>,
    at: At,
    /// What pax or GNU records said of the entry that follows.
    told: HashMap<String, String>,
    /// How much of the file has come.
    pub(crate) got: u64,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Header,
    Record {
        kind: u8,
        left: u64,
    },
    File {
        left: u64,
    },
    Over,
}

impl Reader {
    /// What a piece of the archive brings.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<Found>, String> {
        self.waiting.extend_from_slice(piece);
        let mut found = Vec::new();
        loop {
            match self.at {
                At::Header if self.waiting.len() >= BLOCK => {
                    let block: Vec<u8> = self.waiting.drain(..BLOCK).collect();
                    found.extend(self.header(&block)?);
                }
                At::Record { kind, left } if self.waiting.len() as u64 >= padded(left) => {
                    let record: Vec<u8> = self.waiting.drain(..padded(left) as usize).take(left as usize).collect();
                    self.record(kind, &record)?;
                    self.at = At::Header;
                }
                At::File { left } if left > 0 && !self.waiting.is_empty() => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.waiting.len());
                    let bytes: Vec<u8> = self.waiting.drain(..take).collect();
                    self.got += take as u64;
                    self.at = At::File { left: left - take as u64 };
                    found.push(Found::Bytes(bytes));
                }
                At::File { left: 0 } => {
                    self.at = At::Over;
                    found.push(Found::End);
                }
                At::Over => {
                    self.waiting.clear();
                    return Ok(found);
                }
                _ => return Ok(found),
            }
        }
    }

    fn header(&mut self, block: &[u8]) -> Result<Option<Found>, String> {
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
            .sum();
        if number(&block[148..156]) != Some(sum) {
            return Err("a header of the archive is damaged".to_owned());
        }
        let size = number(&block[124..136]).ok_or("a size of the archive is damaged")?;
        let found = match block[156] {
            kind @ (b'x' | b'g' | b'L' | b'K') if size <= LONGEST_RECORD => {
                self.at = At::Record { kind, left: size };
                return Ok(None);
            }
            b'0' | 0 | b'7' => {
                let size = match self.told.get("size") {
                    Some(size) => size.parse().map_err(|_| "a size of the archive is damaged")?,
                    None => size,
                };
                self.at = At::File { left: size };
                return Ok(None);
            }
            b'5' => Found::Folder,
            b'2' => Found::Link(self.told.get("linkpath").cloned().unwrap_or_else(|| text(&block[157..257]))),
            other => Found::Other(char::from(other)),
        };
        self.at = At::Over;
        Ok(Some(found))
    }

    fn record(&mut self, kind: u8, record: &[u8]) -> Result<(), String> {
        match kind {
            b'x' => self.told.extend(pax(record).ok_or("a record of the archive is damaged")?),
            b'K' => drop(self.told.insert("linkpath".to_owned(), text(record))),
            // A long name, and what holds for a whole archive: the one file is known by where it was asked for.
            _ => {}
        }
        Ok(())
    }
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64) * BLOCK as u64
}

/// Octal digits; or, when the first bit is set, the bytes themselves.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let mut bytes = field.iter().copied();
        let first = u64::from(bytes.next()? & 0x7f);
        return bytes.try_fold(first, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(byte)));
    }
    let digits: String = text(field).trim().to_owned();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(&digits, 8).ok() }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// `17 path=some/name\n`: the length of the whole, a key and a value.
fn pax(mut record: &[u8]) -> Option<HashMap<String, String>> {
    let mut told = HashMap::new();
    while !record.is_empty() {
        let space = record.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&record[..space]).ok()?.parse().ok()?;
        let line = record.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = line.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        told.insert(text(&line[..equals]), text(&line[equals + 1..]));
        record = record.get(length..)?;
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u8, size: &str, link: &str) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..4].copy_from_slice(b"file");
        block[124..124 + size.len()].copy_from_slice(size.as_bytes());
        block[156] = kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    fn archive(parts: &[(u8, &[u8])]) -> Vec<u8> {
        let mut all = Vec::new();
        for (kind, content) in parts {
            all.extend(header(*kind, &format!("{:011o}", content.len()), ""));
            all.extend_from_slice(content);
            all.resize(all.len().next_multiple_of(BLOCK), 0);
        }
        all.extend([0; 2 * BLOCK]);
        all
    }

    /// The file, and whether all of it came, however the archive is cut into pieces.
    fn read(archive: &[u8], piece: usize) -> Result<(Vec<u8>, bool), String> {
        let (mut reader, mut file, mut ended) = (Reader::default(), Vec::new(), false);
        for piece in archive.chunks(piece) {
            for found in reader.push(piece)? {
                match found {
                    Found::Bytes(bytes) => file.extend(bytes),
                    Found::End => ended = true,
                    other => return Err(format!("{other:?}")),
                }
            }
        }
        Ok((file, ended))
    }

    #[test]
    fn a_file_is_read_to_its_last_byte_however_it_is_cut() {
        let content: Vec<u8> = (0..2000_u32).map(|n| (n % 251) as u8).collect();
        for archive in [archive(&[(b'0', &content)]), archive(&[(b'x', b"11 path=ab\n"), (0, &content)])] {
            for piece in [1, 7, 511, 512, 513, 100_000] {
                assert_eq!(read(&archive, piece), Ok((content.clone(), true)), "{piece}");
            }
            let cut = read(&archive[..archive.len() - 3 * BLOCK], 64).expect("what came is no error");
            assert!(!cut.1 && cut.0.len() < content.len(), "a file that is cut has no end");
        }
        assert_eq!(read(&archive(&[(b'0', b"")]), 512), Ok((Vec::new(), true)), "an empty file has an end");
    }

    #[test]
    fn what_is_no_file_is_told_by_its_kind() {
        let kind = |block: Vec<u8>| Reader::default().push(&block).expect("read").remove(0);
        assert_eq!(kind(header(b'5', "0", "")), Found::Folder);
        assert_eq!(kind(header(b'2', "0", "../run/log")), Found::Link("../run/log".to_owned()));
        assert_eq!(kind(header(b'6', "0", "")), Found::Other('6'));
        let mut long = archive(&[(b'K', &[b'l'; 600])]);
        long.truncate(3 * BLOCK);
        long.extend(header(b'2', "0", "short"));
        assert_eq!(kind(long), Found::Link("l".repeat(600)));
    }

    #[test]
    fn sizes_are_octal_or_bytes_or_a_record_and_what_is_damaged_is_an_error() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]), Some(2 << 32));
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(b"0000000009x\0"), None);
        let sized =
            [archive(&[(b'x', b"10 size=3\n")])[..2 * BLOCK].to_vec(), header(b'0', "0", ""), b"abc".to_vec()].concat();
        assert_eq!(read(&sized, 512), Ok((b"abc".to_vec(), true)));
        for wrong in [vec![7; BLOCK], archive(&[(b'x', b"99 a=b\n")]), archive(&[(b'x', b"nothing")])] {
            assert!(read(&wrong, 512).is_err());
        }
        assert_eq!(read(b"short", 512), Ok((Vec::new(), false)));
    }
}
