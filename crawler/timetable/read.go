package timetable

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"utkik/crawler/listing"
	"utkik/internal/text"
)

// A workbook is a zip: what it unpacks to is bounded before any of it is read.
const (
	unzipLimit = 64 << 20
	sheetLimit = 32 << 20
)

// sheets reads a workbook.
func sheets(rules *listing.Rules, body []byte) (out []table, err error) {
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: sheetLimit})
	if err != nil {
		return nil, fmt.Errorf("no workbook: %v", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	dates := map[int]bool{} // by style
	for _, name := range f.GetSheetList() {
		if rules.Items.Sheet != nil && !rules.Items.Sheet.MatchString(name) {
			continue
		}
		if visible, err := f.GetSheetVisible(name); err == nil && !visible {
			continue
		}
		rows, err := f.GetRows(name, excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, fmt.Errorf("sheet %q: %v", name, err)
		}
		t := table{name: name}
		for i, raw := range rows[:min(len(rows), maxRows)] {
			cells := make([]string, min(len(raw), maxColumns))
			for j := range cells {
				if cells[j] = text.FromPlain(raw[j]); cells[j] != "" {
					cells[j] = dated(f, dates, name, j+1, i+1, cells[j])
				}
			}
			t.rows = append(t.rows, cells)
		}
		merged, err := f.GetMergeCells(name)
		if err != nil {
			return nil, fmt.Errorf("sheet %q: %v", name, err)
		}
		for _, m := range merged {
			x1, y1, err1 := excelize.CellNameToCoordinates(m.GetStartAxis())
			x2, y2, err2 := excelize.CellNameToCoordinates(m.GetEndAxis())
			if err1 == nil && err2 == nil {
				t.spread(x1-1, y1-1, x2-1, y2-1)
			}
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no sheet of %q fits rules.items.sheet", f.GetSheetList())
	}
	return out, nil
}

// dated gives a number that is shown as a date as one. What a workbook shows depends on the reader's language: its
// format for the second of March is "02-03-27" here and "3/2/27" there.
func dated(f *excelize.File, dates map[int]bool, sheet string, column, row int, value string) string {
	days, err := strconv.ParseFloat(value, 64)
	if err != nil || days < 36526 || days > 73050 { // of the years 2000 to 2099
		return value
	}
	axis, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return value
	}
	id, err := f.GetCellStyle(sheet, axis)
	if err != nil {
		return value
	}
	is, known := dates[id]
	if !known {
		style, err := f.GetStyle(id)
		is = err == nil && (style.NumFmt >= 14 && style.NumFmt <= 22 || style.NumFmt >= 27 && style.NumFmt <= 36 || style.NumFmt >= 50 && style.NumFmt <= 58 ||
			style.CustomNumFmt != nil && dateFormat(*style.CustomNumFmt))
		dates[id] = is
	}
	if !is {
		return value
	}
	t, err := excelize.ExcelDateToTime(days, false)
	if err != nil {
		return value
	}
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// dateFormat tells whether a format of numbers is one of dates: it names years or days, outside quotes and brackets.
func dateFormat(s string) bool {
	quoted, bracket := false, false
	for _, r := range strings.ToLower(s) {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '[':
			bracket = true
		case r == ']':
			bracket = false
		case !quoted && !bracket && (r == 'y' || r == 'd' || r == 'å'):
			return true
		}
	}
	return false
}

// spread repeats the first cell of a merged area in all of it.
func (t *table) spread(x1, y1, x2, y2 int) {
	if y1 >= len(t.rows) || x1 >= len(t.rows[y1]) {
		return
	}
	value := t.rows[y1][x1]
	for y := y1; y <= min(y2, len(t.rows)-1); y++ {
		for x := x1; x <= min(x2, maxColumns-1); x++ {
			for len(t.rows[y]) <= x {
				t.rows[y] = append(t.rows[y], "")
			}
			t.rows[y][x] = value
		}
	}
}

// separated reads CSV: UTF-8, UTF-16 or, where it is neither, what Windows writes in western Europe; apart by what parts
// the most of its first lines alike.
func separated(body []byte) ([]table, error) {
	s, err := decoded(body)
	if err != nil {
		return nil, err
	}
	if strings.ContainsRune(s, 0) {
		return nil, errors.New("neither a workbook, nor text, nor a page")
	}
	r := csv.NewReader(strings.NewReader(s))
	r.Comma = separator(s)
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	t := table{}
	for len(t.rows) < maxRows {
		cells, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("no CSV: %v", err)
		}
		cells = cells[:min(len(cells), maxColumns)]
		for i, c := range cells {
			cells[i] = text.FromPlain(c)
		}
		t.rows = append(t.rows, cells)
	}
	return []table{t}, nil
}

func decoded(body []byte) (string, error) {
	var enc encoding.Encoding
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		enc = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case utf8.Valid(body):
		return strings.TrimPrefix(string(body), "\ufeff"), nil
	default:
		enc = charmap.Windows1252
	}
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return "", fmt.Errorf("its characters cannot be read: %v", err)
	}
	return string(out), nil
}

// separator gives the sign that stands equally often, and at least once, on the most of the first lines; of equals the
// one that stands more often.
func separator(s string) rune {
	lines := strings.Split(s, "\n")
	lines = lines[:min(len(lines), headWithin)]
	best, score := ',', 0
	for _, sep := range []rune{';', '\t', ',', '|'} {
		counts := map[int]int{}
		for _, l := range lines {
			if n := strings.Count(l, string(sep)); n > 0 {
				counts[n]++
			}
		}
		for n, on := range counts {
			if sum := on*100 + min(n, 99); sum > score { // order does not matter: equal sums of one sign are of one count
				best, score = sep, sum
			}
		}
	}
	return best
}

// elements reads the tables of a page, those that rules.items.select selects, or all.
func elements(rules *listing.Rules, body []byte) ([]table, error) {
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("no HTML: %v", err)
	}
	var nodes []*html.Node
	if rules.Items.Select != nil {
		nodes = cascadia.QueryAll(page.Nodes[0], rules.Items.Select)
	} else {
		nodes = page.Find("table").Nodes
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("no table on the page matches %s: the layout has changed", rules.Items)
	}
	var out []table
	for _, n := range nodes {
		out = append(out, grid(n))
	}
	return out, nil
}

// grid lays out the cells of a table that span rows and columns.
func grid(n *html.Node) table {
	var t table
	var rows []*html.Node
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Tr:
				rows = append(rows, c)
			case atom.Thead, atom.Tbody, atom.Tfoot, atom.Div:
				walk(c)
			case atom.Table:
				if n.DataAtom != atom.Td {
					walk(c)
				}
			}
		}
	}
	walk(n)
	held := map[[2]int]string{} // cells that reach down from rows above
	for y, tr := range rows[:min(len(rows), maxRows)] {
		var cells []string
		take := func() {
			for {
				s, ok := held[[2]int{y, len(cells)}]
				if !ok || len(cells) >= maxColumns {
					return
				}
				cells = append(cells, s)
			}
		}
		for c := tr.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
				continue
			}
			take()
			var b strings.Builder
			if err := html.Render(&b, c); err != nil {
				b.Reset()
			}
			s := text.FromHTML(b.String())
			down, across := min(span(c, "rowspan"), len(rows)-y), span(c, "colspan")
			for range across {
				if len(cells) >= maxColumns {
					break
				}
				for d := 1; d < down; d++ {
					held[[2]int{y + d, len(cells)}] = s
				}
				cells = append(cells, s)
			}
		}
		take()
		t.rows = append(t.rows, cells)
	}
	return t
}

func span(n *html.Node, name string) int {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return 1
	}
	v, err := strconv.Atoi(strings.TrimSpace(n.Attr[i].Val))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, 1000)
}
