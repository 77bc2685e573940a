//! The bytes of a text source: files as they are or compressed, and standard input, which can be read only once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use tempfile::NamedTempFile;

use crate::dialect::Error;

/// Where a text is that is read more than once.
#[derive(Debug)]
pub(super) enum Place {
    /// A file that the user named.
    File(PathBuf),
    /// What standard input gave, in the system's folder for temporary files; deleted with this value.
    Spooled(NamedTempFile),
}

impl Place {
    /// Keeps what standard input gives.
    pub(super) fn standard_input() -> Result<Self, Error> {
        let spool = || {
            let mut file = NamedTempFile::new()?;
            io::copy(&mut io::stdin().lock(), &mut file)?;
            Ok(Self::Spooled(file))
        };
        spool().map_err(|error: io::Error| Error::File {
            source_name: "standard input".to_owned(),
            reason: format!("keeping it in a temporary file: {error}"),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Spooled(file) => file.path(),
        }
    }

    /// Its bytes from the start, unpacked where they are compressed with gzip or zstd.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let head = head(self.path(), 4)?;
        let file = BufReader::with_capacity(1 << 18, File::open(self.path())?);
        Ok(if head.starts_with(&[0x1f, 0x8b]) {
            Box::new(MultiGzDecoder::new(file))
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Box::new(ZstdFrames::Before(file))
        } else {
            Box::new(file)
        })
    }
}

/// The first bytes of a file.
pub(super) fn head(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(length).read_to_end(&mut head)?;
    Ok(head)
}

/// A zstd file: one frame after the other (RFC 8878, section 3.1).
enum ZstdFrames {
    Before(BufReader<File>),
    Within(Box<StreamingDecoder<BufReader<File>, ruzstd::decoding::FrameDecoder>>),
    Failed,
}

impl Read for ZstdFrames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Self::Failed) {
                Self::Before(mut file) => {
                    if io::BufRead::fill_buf(&mut file)?.is_empty() {
                        *self = Self::Before(file);
                        return Ok(0);
                    }
                    *self = Self::Within(Box::new(StreamingDecoder::new(file).map_err(io::Error::other)?));
                }
                Self::Within(mut decoder) => match decoder.read(into)? {
                    0 => *self = Self::Before(decoder.into_inner()),
                    length => {
                        *self = Self::Within(decoder);
                        return Ok(length);
                    }
                },
                Self::Failed => return Err(io::Error::other("the zstd stream is broken")),
            }
        }
    }
}
