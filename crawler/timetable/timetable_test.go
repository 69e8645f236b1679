package timetable

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
)

var _ kind.Kind = Kind{}

var source = kind.Source{ID: "x", Kind: "timetable", Home: "https://example.eu/plan", Zone: "Europe/Stockholm", Language: "sv",
	Address: map[string]string{"list": "https://example.eu/plan"},
	Rules: kind.Rules{Fields: []kind.Field{
		{Name: "title", Find: kind.Find{Column: []string{"Utlysning", "Call"}}},
		{Name: "opens", Find: kind.Find{Column: []string{"Öppnar", "Opens"}}},
		{Name: "deadlines", Find: kind.Find{Column: []string{"Stänger", "Closes"}}},
		{Name: "budget_eur", Find: kind.Find{Column: []string{"Belopp", "Amount"}}, Unit: "EUR"},
	}}}

func parse(body []byte) (kind.Page, error) {
	return Kind{}.Parse(source, kind.Document{Request: kind.Request{Name: listing.NameList, State: "list=list&page=1"}, URL: "https://example.eu/plan", Body: body,
		Fetched: time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)})
}

// said gives what was read of a table, an item a line.
func said(p kind.Page) string {
	var out []string
	for _, it := range p.Items {
		last, _ := it.Call.LastDeadline()
		out = append(out, strings.TrimSpace(it.Call.Title+" "+it.Call.Opens.String()+it.Call.Expected+" "+last.String()))
	}
	return strings.Join(out, "\n")
}

// TestCSV reads what spreadsheets write in several countries.
func TestCSV(t *testing.T) {
	t.Parallel()
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("Utlysning\tÖppnar\tStänger\nBroar\t2026-09-01\t2026-10-15\n")) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, u)
	}
	for _, tt := range []struct{ name, body, want string }{
		{"semicolons", "Utlysning;Öppnar;Stänger\nBroar, vägar;1 september 2026;15 oktober 2026\n", "Broar, vägar 2026-09-01 2026-10-15"},
		{"commas and quotes", "Call,Opens,Closes\n\"Roads, bridges\",1 September 2026,\"15 October 2026\"\n", "Roads, bridges 2026-09-01 2026-10-15"},
		{"tabs", "Call\tOpens\tCloses\nRoads; bridges\t1.9.2026\t15.10.2026\n", "Roads; bridges 2026-09-01 2026-10-15"},
		{"bars", "Call|Opens|Closes\nRoads|2026-09-01|2026-10-15\n", "Roads 2026-09-01 2026-10-15"},
		{"a byte order mark", "\ufeffUtlysning;Öppnar\r\nBroar;våren 2027\r\n", "Broar våren 2027"},
		{"Windows", "Utlysning;\xd6ppnar\r\nV\xe4gar;Q2 2027\r\n", "Vägar Q2 2027"},
		{"UTF-16", string(utf16le), "Broar 2026-09-01 2026-10-15"},
		{"a late header", "Plan\n\nsee below\nBelopp;Utlysning;Öppnar\n100;Broar;2026-09-01\n", "Broar 2026-09-01"},
		{"undecided", "Utlysning;Öppnar;Stänger\nBroar;n/a;tba\nVägar;-;\n", "Broar\nVägar"},
		{"no rows", "Utlysning;Öppnar\n", "error the table has a header and no rows"},
		{"no header", "a;b\nc;d\n", "error no table has a header with the columns that the rules name: title (Utlysning, Call)"},
		{"one word of a header", "This sentence mentions Utlysning;b\nc;d\n", "error no table has a header"},
		{"XLS", "\xd0\xcf\x11\xe0\xa1\xb1", "error a workbook of the former kind"},
		{"PDF", "%PDF-1.7", "error a PDF"},
		{"nothing", " ", "error it is empty"},
		{"zeros", "a\x00b", "error neither a workbook"},
		{"a page without a table", "<html><p>Soon</p></html>", "error no table on the page"},
	} {
		p, err := parse([]byte(tt.body))
		got := said(p)
		if err != nil {
			got = "error " + err.Error()
		}
		if got != tt.want && !(err != nil && strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// book makes a workbook of one sheet.
func book(t testing.TB, fill func(f *excelize.File, sheet string) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := fill(f, "Sheet1"); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWorkbook reads cells that are numbers to a program and dates to people, whatever their format shows; hidden sheets
// are drafts.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	body := book(t, func(f *excelize.File, sheet string) error {
		rows := [][]any{{"Utlysning", "Öppnar", "Stänger", "Belopp"}, {"Broar", 46266, 46310.6666667, 46266}, {"Vägar", "46266", nil, "1,5 MEUR"}}
		for i, cells := range rows {
			for j, v := range cells {
				at, err := excelize.CoordinatesToCellName(j+1, i+1)
				if err != nil {
					return err
				}
				if err := f.SetCellValue(sheet, at, v); err != nil {
					return err
				}
			}
		}
		short, long := "m/d/yy;@", `[$-41D]"den "d mmmm åååå hh:mm`
		for at, format := range map[string]string{"B2": short, "C2": long} {
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			if err != nil {
				return err
			}
			if err := f.SetCellStyle(sheet, at, at, style); err != nil {
				return err
			}
		}
		if _, err := f.NewSheet("Utkast"); err != nil {
			return err
		}
		if err := f.SetSheetRow("Utkast", "A1", &[]any{"Utlysning", "Öppnar"}); err != nil {
			return err
		}
		if err := f.SetSheetRow("Utkast", "A2", &[]any{"Hemlig", "2026-09-01"}); err != nil {
			return err
		}
		return f.SetSheetVisible("Utkast", false)
	})
	p, err := parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("Broar 2026-09-01 2026-10-15T16:00:00+02:00\nVägar", said(p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p.Items[0].Call.BudgetEUR != 46266 || p.Items[1].Call.BudgetEUR != 1_500_000 {
		t.Errorf("amounts %d, %d", p.Items[0].Call.BudgetEUR, p.Items[1].Call.BudgetEUR)
	}
}

// TestWorkbookIsBounded: a small file that unpacks to more than we take is refused before it is read.
func TestWorkbookIsBounded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: 8, UncompressedSize64: unzipLimit + 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := parse(b.Bytes()); err == nil || !strings.Contains(err.Error(), "unzip size exceeds") {
		t.Errorf("got %v", err)
	}
}

func TestCoarse(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Q1 2027", "q3/2026", "Q1–Q2 2027", "1st quarter 2027", "kvartal 2 2027", "våren 2027", "Autumn 2027", "mars 2027", "March - April 2027",
		"H2 2026", "2027", "03/2027", "2027-03", "early 2027", "början av 2027", "prel. hösten 2026", "Winter 2026/27", "syksy 2026"} {
		if !coarse.MatchString(s) {
			t.Errorf("%q is a time without a day", s)
		}
	}
	for _, s := range []string{"1 March 2027", "to be announced in 2027 by the committee", "Call 2027 for roads", "27", "", "Budget 2027 EUR"} {
		if coarse.MatchString(s) {
			t.Errorf("%q is none", s)
		}
	}
}

// FuzzParse: whatever comes is read or refused, and what is read can be kept.
func FuzzParse(f *testing.F) {
	f.Add([]byte("Utlysning;Öppnar;Stänger\nBroar;Q1 2027;2026-10-15\n"))
	f.Add([]byte("<table><tr><th rowspan=9999 colspan=9999>Call<th>Opens</tr><tr><td>A<td>B<table><tr><td>C</table></tr></table>"))
	f.Add(book(f, func(b *excelize.File, sheet string) error {
		return b.SetSheetRow(sheet, "A1", &[]any{"Utlysning", "Öppnar"})
	}))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parse(body)
		if err != nil && len(p.Items)+len(p.Notes) > 0 {
			t.Errorf("error %q with page %+v", err, p)
		}
		var refs []string
		for _, it := range p.Items {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if _, err := call.Encode(&it.Call); err != nil {
				t.Error(err)
			}
			if slices.Contains(refs, it.Call.Ref) {
				t.Errorf("ref %s comes twice", it.Call.Ref)
			}
			refs = append(refs, it.Call.Ref)
		}
	})
}
