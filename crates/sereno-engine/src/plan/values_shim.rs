use sereno_model::Text; use std::ops::Range;
pub struct E(String); impl E { pub fn text(&self)->Text{Text::same(self.0.clone())} }
pub fn fill(t:&str,v:&[(Range<usize>,&str)])->Result<String,E>{ let mut s=t.to_owned(); let mut v=v.to_vec(); v.sort_by_key(|x|std::cmp::Reverse(x.0.start)); for (r,x) in v { if !x.chars().all(|c|c.is_ascii_alphanumeric()||"_.:@/+-".contains(c)){return Err(E(format!("refused {x}")))} s.replace_range(r,x);} Ok(s)}
pub use fill as fill_sql;
