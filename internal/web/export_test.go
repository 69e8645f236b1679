package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"utkik/internal/call"
)

// table reads an export in CSV back: its header, and each row by the header's names.
func table(t *testing.T, body string) (header []string, rows []map[string]string) {
	t.Helper()
	text, marked := strings.CutPrefix(body, "\ufeff")
	if !marked {
		t.Fatal("the mark of UTF-8 is missing: Excel would take å for something else")
	}
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Error("lines do not end as Windows ends them")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

func TestExportCSV(t *testing.T) {
	t.Parallel()
	s := site(t)
	w := get(t, s, "/export/search.csv?q=&sort=deadline")
	if got := w.Header().Get("Content-Disposition"); w.Code != 200 || got != `attachment; filename="utkik-2026-07-28.csv"` {
		t.Fatalf("%d %s", w.Code, got)
	}
	header, rows := table(t, w.Body.String())
	if diff := cmp.Diff(s.texts["sv"].Export.Columns, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if len(rows) != 59 { // of the page's 59, not of its first 20
		t.Errorf("%d rows", len(rows))
	}
	at := slices.IndexFunc(rows, func(r map[string]string) bool { return r["Beteckning"] == "CEF-T-2026-RAIL" })
	want := map[string]string{
		"Rubrik": "Railway links to the north", "Beteckning": "CEF-T-2026-RAIL", "Utlysningens kod": "CEF-T-2026", "Typ": "Utlysning", "Status": "Öppen", "Program": "CEF",
		"Öppnar": "2026-05-01", "Nästa sista dag": "2026-08-04 17:00", "Alla sista dagar": "2026-08-04 17:00, 2027-03-02", "Budget (euro)": "4500000",
		"Minst per projekt (euro)": "200000", "Högst per projekt (euro)": "1000000", "Väntade bidrag": "12", "Stödform": "Works", "Vem kan söka": "Public bodies.",
		"Prioriteringar i planen": "Miljö och klimat, Kultur, removed-since", "Verksamheter": "Kulturen, Miljökontoret", "Källa": "EU:s portal", "Upptäckt": "2026-07-26",
		"Rubrikens språk": "en", "Adress hos källan": "https://www.example.eu/rail", "Adress i Utkik": "http://example.com/call/ft-portal/RAIL-1",
	}
	if diff := cmp.Diff(want, rows[at]); diff != "" {
		t.Errorf("a whole row (-want +got):\n%s", diff)
	}
	// In the page's order: what closes today comes first.
	if rows[0]["Rubrik"] != "EuropeAid/1/DD" || rows[0]["Nästa sista dag"] != "2026-07-28" || rows[0]["Budget (euro)"] != "" {
		t.Errorf("the first row: %v", rows[0])
	}
	for _, r := range rows {
		if r["Rubrik"] == "Withdrawn rail call" && r["Status"] != "Stängd" || r["Rubrik"] == "Stale rail row" && r["Status"] != "Stängd" {
			t.Errorf("what is gone or passed is %s", r["Status"])
		}
		if strings.HasPrefix(r["Adress hos källan"], "javascript:") {
			t.Errorf("an address to run: %s", r["Adress hos källan"])
		}
	}
	_, english := table(t, get(t, s, "/export/search.csv?q=glesbygd&lang=en").Body.String())
	if len(english) != 1 || english[0]["Title"] != "Consultation on thin traffic" || english[0]["Type"] != "Consultation" || english[0]["Address in Utkik"] != "http://example.com/call/have-your-say/14000?lang=en" {
		t.Errorf("in English: %v", english)
	}
	if _, none := table(t, get(t, s, "/export/search.csv?q=zzzunknownword").Body.String()); len(none) != 0 {
		t.Errorf("of nothing: %v", none)
	}
	if got := get(t, s, "/export/search.csv?q=J%C3%A4rnv%C3%A4g+%2F..%2F").Header().Get("Content-Disposition"); got != `attachment; filename="utkik-2026-07-28-jarnvag.csv"` {
		t.Errorf("a file's name: %s", got)
	}
}

func TestDefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Rail":                       "Rail",
		"":                           "",
		"a=b":                        "a=b",
		"=HYPERLINK(\"http://x\")":   "'=HYPERLINK(\"http://x\")",
		"+46 60":                     "'+46 60",
		"-1+1":                       "'-1+1",
		"@SUM(A1)":                   "'@SUM(A1)",
		"\t=1+1":                     "'=1+1",
		"\r\n=1+1":                   "'=1+1",
		"  =1+1":                     "'=1+1",
		"\u200b=1+1":                 "'\u200b=1+1",
		"\u00a0=1+1":                 "'=1+1",
		"＝1+1":                       "'＝1+1",
		"'=1+1":                      "''=1+1",
		"\"=1+1":                     "'\"=1+1",
		"Line one\nline two;\"three": "Line one line two;\"three",
		"2026-01-01":                 "2026-01-01",
	} {
		if got := defused(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestExportXLSX(t *testing.T) {
	t.Parallel()
	s := site(t)
	for lang, want := range map[string]struct{ title, shown, seen string }{
		"sv": {"Railway links to the north", "2026-08-04 17:00", "2026-05-01"}, "en": {"Railway links to the north", "4 Aug 2026 17:00", "1 May 2026"},
	} {
		w := get(t, s, in(lang, "/export/search.xlsx?q=&sort=deadline"))
		if w.Code != 200 || !strings.HasSuffix(w.Header().Get("Content-Type"), "spreadsheetml.sheet") {
			t.Fatalf("%d %s", w.Code, w.Header())
		}
		book, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		sheet := book.GetSheetList()[0]
		rows, err := book.GetRows(sheet)
		if err != nil || len(rows) != 60 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if diff := cmp.Diff(s.texts[lang].Export.Columns, rows[0]); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		panes, err := book.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("the header does not stay: %+v, %v", panes, err)
		}
		if names := book.GetDefinedName(); len(names) != 1 || !strings.Contains(names[0].RefersTo, "$A$1:$V$60") {
			t.Errorf("the header does not filter: %+v", names)
		}
		at := slices.IndexFunc(rows, func(r []string) bool { return r[0] == want.title })
		line := fmt.Sprint(at + 1)
		cell := func(col string, raw bool) string {
			v, err := book.GetCellValue(sheet, col+line, excelize.Options{RawCellValue: raw})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if got := cell("H", false); got != want.shown {
			t.Errorf("%s: the next deadline is shown as %q, want %q", lang, got, want.shown)
		}
		if got := cell("G", false); got != want.seen {
			t.Errorf("%s: the opening day is shown as %q, want %q", lang, got, want.seen)
		}
		if got := cell("G", true); got != "46143" { // days since 1900, as spreadsheets count
			t.Errorf("the opening day is %q", got)
		}
		if got := cell("J", true); got != "4500000" {
			t.Errorf("the budget is %q", got)
		}
		for col, kind := range map[string]excelize.CellType{"J": excelize.CellTypeUnset, "G": excelize.CellTypeUnset, "A": excelize.CellTypeInlineString} {
			if got, err := book.GetCellType(sheet, col+line); err != nil || got != kind {
				t.Errorf("%s%s is of type %v, want %v: %v", col, line, got, kind, err)
			}
		}
	}
}

func TestExportJSON(t *testing.T) {
	t.Parallel()
	s := site(t)
	w := get(t, s, "/export/search.json?q=rail&sort=newest")
	var got []struct {
		call.Call
		Priorities []string `json:"priorities"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	for _, g := range got {
		rec, err := s.cfg.Store.Record(t.Context(), g.Key())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rec.Call, g.Call); diff != "" {
			t.Errorf("%s is not what is stored (-want +got):\n%s", g.Key(), diff)
		}
		if g.Ref == "RAIL-1" && !slices.Equal(g.Priorities, []string{"miljo", "kultur", "removed-since"}) || g.Priorities == nil {
			t.Errorf("%s: priorities %v", g.Key(), g.Priorities)
		}
	}
	if len(got) < 4 {
		t.Errorf("%d calls", len(got))
	}
	if body := get(t, s, "/export/search.json?q=zzzunknownword").Body.String(); body != "[]\n" {
		t.Errorf("of nothing: %q", body)
	}
	// One call a line, as the exchange format has it.
	if lines := strings.Count(w.Body.String(), "\n"); lines != len(got)+2 {
		t.Errorf("%d lines of %d calls", lines, len(got))
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	s := site(t)
	for address, want := range map[string]struct {
		status int
		text   string
	}{
		"/export/search.pdf":                                   {404, "Adresser slutar på"},
		"/export/other.csv?lang=en":                            {404, "Addresses end in"},
		"/export/search.csv?q=%22open":                         {400, "Sökningen gick inte att förstå"},
		"/export/search.xlsx?q=%28&lang=en":                    {400, "could not be understood"},
		"/export/search.json?q=" + strings.Repeat("x", 10_000): {400, "Sökningen gick inte att förstå"},
	} {
		w := get(t, s, address)
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.text) || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%.80s: %d %s", address, w.Code, w.Body)
		}
	}
}

// TestExportBreaksOff: a table that cannot be written to its end is no table: the reader's program sees the connection
// break.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	s := site(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	if err := s.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"csv", "json"} {
		res, err := http.Get(server.URL + "/export/search." + form + "?q=")
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: a table without its rows came as if it were whole", form)
		}
	}
	if w := get(t, s, "/export/search.xlsx?q="); w.Code != 500 || !strings.Contains(w.Body.String(), s.texts["sv"].ProblemOurs) {
		t.Errorf("a workbook without its rows: %d", w.Code)
	}
}

// TestExportsWaitTheirTurn: more at a time than there is room for wait, and give up with their readers.
func TestExportsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	s := site(t)
	for range exportsOnce {
		s.exporting <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/export/search.csv", nil))
	if w.Header().Get("Content-Disposition") != "" {
		t.Error("an export went past those that wait")
	}
	<-s.exporting
	if w := get(t, s, "/export/search.csv"); w.Code != 200 {
		t.Errorf("with room again: %d", w.Code)
	}
	if len(s.exporting) != exportsOnce-1 {
		t.Error("a place was not given back")
	}
}

// BenchmarkExport shows that many rows cost no more memory than few at a time: what is allocated is given back.
func BenchmarkExport(b *testing.B) {
	s := site(b)
	for _, form := range []string{"csv", "xlsx", "json"} {
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				if w := get(b, s, "/export/search."+form+"?q="); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
