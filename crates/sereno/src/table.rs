//! Rows of cells under each other.

use crate::output;
use crate::render::styled;
use anstyle::Style;

/// A text in a style.
pub(crate) type Cell = (String, Style);

/// Prints rows, each column as wide as its widest cell. Cells are one line already.
pub(crate) fn print(rows: &[Vec<Cell>]) {
    for line in lines(rows) {
        output::line(line);
    }
}

fn lines(rows: &[Vec<Cell>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.0.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<Cell>| {
        let last = row.iter().rposition(|(text, _)| !text.is_empty()).unwrap_or_default();
        let cell = |(at, ((text, style), width)): (usize, (&Cell, &usize))| {
            // What is last needs no room behind it.
            styled(*style, if at == last { text.clone() } else { format!("{text:<width$}") })
        };
        row.iter().zip(&widths).enumerate().take(last + 1).map(cell).collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_nothing_trails() {
        let row = |cells: &[&str]| cells.iter().map(|text| ((*text).to_owned(), Style::new())).collect::<Vec<Cell>>();
        let shown = lines(&[row(&["A", "LONG", "C"]), row(&["año", "x", ""]), row(&["b", "", "z"])]);
        assert_eq!(shown, ["A    LONG  C", "año  x", "b          z"]);
    }
}
