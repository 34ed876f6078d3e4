//! Columns as Go's `text/tabwriter` makes them, which kubectl prints its tables with: a column is as wide as its widest cell
//! in neighbouring lines, and what no tab follows is in no column.

/// Lays out lines whose cells are ended by tabs. `least` is the width of the narrowest column, `padding` the blanks after the
/// widest cell.
#[must_use]
pub fn columns(text: &str, least: usize, padding: usize) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let most = lines.iter().map(Vec::len).max().unwrap_or_default();
    // The width of each cell: that of its column where the line stands.
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|line| vec![0; line.len()]).collect();
    for column in 0..most {
        let has = |line: &Vec<&str>| column + 1 < line.len();
        let mut from = 0;
        while from < lines.len() {
            let block = lines.iter().skip(from).take_while(|line| has(line)).count();
            let cells = lines.iter().skip(from).take(block).filter_map(|line| line.get(column));
            let widest =
                cells.map(|cell| cell.chars().count() + padding).max().unwrap_or_default().max(least);
            for width in widths.iter_mut().skip(from).take(block).filter_map(|line| line.get_mut(column)) {
                *width = widest;
            }
            from += block.max(1);
        }
    }
    let mut laid = String::with_capacity(text.len() * 2);
    for (line, widths) in lines.iter().zip(widths) {
        for (cell, width) in line.iter().zip(widths) {
            laid += cell;
            laid.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
        laid.push('\n');
    }
    laid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen of `kubectl get csr` and `kubectl describe csr`.
    #[test]
    fn columns_are_gos() {
        let table = "NAME\tAGE\tCONDITION\na\t5m\tPending\nlonger-name\t\tApproved,Issued\n";
        assert_eq!(
            columns(table, 6, 3),
            "NAME          AGE   CONDITION\na             5m    Pending\nlonger-name         Approved,Issued\n"
        );
        let described = "Name:\ta\nStatus:\tPending\nSubject:\n\tCommon Name:\tx\n\tOrganization:\ty\n\t\tz\nEvents:\t<none>\n";
        assert_eq!(
            columns(described, 0, 2),
            "Name:    a\nStatus:  Pending\nSubject:\n         Common Name:   x\n         Organization:  y\n                        z\n\
             Events:  <none>\n"
        );
    }
}
