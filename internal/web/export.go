package web

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/store"
)

const (
	exportTime  = 10 * time.Minute // that one export may take, whoever fetches it however slowly
	exportsOnce = 2                // at the same time: each reads every call that it holds
	maxCell     = 32_767           // letters of a cell in a workbook
	sheetRows   = 1_048_576        // of a sheet, its header among them
)

// exportForm is the ending of an export's address, with the name that readers know it by.
type exportForm struct{ ending, name string }

var exportForms = []exportForm{{"csv", "CSV"}, {"xlsx", "Excel"}, {"json", "JSON"}}

// exportTexts are the words of exports.
type exportTexts struct {
	Label    string   `json:"label"`
	NoForm   string   `json:"no_form"`
	TooMany  string   `json:"too_many"` // rows of a sheet
	Columns  []string `json:"columns"`  // in the order of exportRow.cells
	DateForm string   `json:"date_form"`
	TimeForm string   `json:"time_form"` // both as spreadsheets write formats
}

// exported is a link to an export.
type exported struct{ Link, Name string }

// exports are the addresses of a search's exports.
func (a asked) exports(f Frame) []exported {
	var out []exported
	for _, form := range exportForms {
		out = append(out, exported{f.address("/export/search."+form.ending, a.values()), form.name})
	}
	return out
}

var errTooManyRows = errors.New("more calls than a sheet has rows")

// export answers with the whole of what a search finds. What is written is read call by call, so that it costs as much
// memory for many as for few; a table that breaks off breaks the connection too, so that it is never taken for whole.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	f, a := s.frame(r), read(r.URL.Query())
	name, form, _ := strings.Cut(r.PathValue("file"), ".")
	ctx, cancel := context.WithTimeout(r.Context(), exportTime)
	defer cancel()
	// The server's own bound on an answer is for pages. This one ends what a reader has stopped to read.
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // not supported: then the server's bound holds
	defer context.AfterFunc(ctx, func() { _ = rc.SetWriteDeadline(time.Unix(1, 0)) })()

	err := errNotFound
	if name == "search" && slices.ContainsFunc(exportForms, func(e exportForm) bool { return e.ending == form }) {
		err = s.exportAs(ctx, w, f, a, s.origin(r), form)
	}
	var wrong *index.QueryError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		http.Error(w, fmt.Sprintf(f.T.ProblemQuery, wrong.Message(f.Lang)), http.StatusBadRequest)
	case errors.Is(err, errTooManyRows):
		http.Error(w, fmt.Sprintf(f.T.Export.TooMany, number(sheetRows-1, f.T.Group)), http.StatusBadRequest)
	case errors.Is(err, errNotFound):
		http.Error(w, f.T.Export.NoForm, http.StatusNotFound)
	case errors.Is(err, errBroken):
		if ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "export broken off", "url", r.URL.Path, "err", err)
		}
		panic(http.ErrAbortHandler) // the one way to tell a reader that there should be more
	default:
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, err })(w, r)
	}
}

// errBroken wraps what ends an export of which something may have been sent.
var errBroken = errors.New("export")

func (s *Server) exportAs(ctx context.Context, w http.ResponseWriter, f Frame, a asked, base, form string) error {
	select { // before the search: who waits costs nothing
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	searching, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	keys, err := s.cfg.Index.Ordered(searching, a.filters(index.Query{Sort: cmp.Or(a.sort, sorts(a.query)[0]), Lang: f.Lang, Now: s.cfg.Now()}))
	if err != nil {
		return err
	}
	rows := s.exportRows(ctx, f, base, keys)
	head := func(kind string) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", `attachment; filename="`+exportName(a.query, s.cfg.Now())+"."+form+`"`)
		h.Set("Cache-Control", "private, no-cache")
		h.Set("X-Robots-Tag", "noindex")
	}
	out := bufio.NewWriterSize(w, 64<<10)
	switch form {
	case "csv":
		head("text/csv; charset=utf-8")
		err = exportCSV(out, f.T, rows)
	case "json":
		head("application/json; charset=utf-8")
		err = exportJSON(out, rows)
	case "xlsx":
		if len(keys) >= sheetRows {
			return errTooManyRows
		}
		book, err := exportBook(f.T, rows, len(keys))
		if err != nil {
			return err // nothing is sent yet
		}
		defer book.Close()
		head("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		if err := book.Write(out); err != nil {
			return fmt.Errorf("%w: %v", errBroken, err)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("%w: %v", errBroken, err)
	}
	return nil
}

// exportName is what a file is called: the day, and what was searched for.
func exportName(query string, now time.Time) string {
	about := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r == 'å' || r == 'ä':
			return 'a'
		case r == 'ö':
			return 'o'
		}
		return '-'
	}, strings.ToLower(query)), "-")
	name := "utkik-" + now.In(call.Brussels()).Format(time.DateOnly)
	if about != "" {
		name += "-" + strings.Trim(about[:min(len(about), 40)], "-")
	}
	return name
}

// exportRow is a call as a table holds it.
type exportRow struct {
	call        call.Call
	status      call.Status // today's
	seen        time.Time
	priorities  []string // ids
	names       []string // of the same
	departments []string // names
	source      string   // its name
	page        string   // its address here
	title, in   string   // the reader's, and its language
	next        call.Moment
}

// exportBatch is how many calls an export reads, and holds, at a time.
const exportBatch = 100

// exportRows reads calls one after the other. One that has gone since it was found is left out.
func (s *Server) exportRows(ctx context.Context, f Frame, base string, keys []call.Key) iter.Seq2[exportRow, error] {
	now := s.cfg.Now()
	return func(yield func(exportRow, error) bool) {
		for some := range slices.Chunk(keys, exportBatch) {
			records, err := s.cfg.Store.RecordsOf(ctx, some)
			var results map[call.Key][]match.Result
			if err == nil {
				results, err = s.resultsOf(ctx, some)
			}
			if err != nil {
				yield(exportRow{}, err)
				return
			}
			for _, key := range some {
				if rec, ok := records[key]; ok && !yield(s.exportRow(f, base, &rec, results[key], now), nil) {
					return
				}
			}
		}
	}
}

func (s *Server) exportRow(f Frame, base string, rec *store.Record, results []match.Result, now time.Time) exportRow {
	row := exportRow{
		call: rec.Call, status: rec.Call.StatusAt(now), seen: rec.FirstSeen, source: s.sourceName(f, rec.Call.Source), page: base + callLink(f, rec.Call.Key()),
	}
	if !rec.Gone.IsZero() {
		row.status = call.StatusClosed
	}
	row.title, row.in = row.call.TitleIn(f.Lang)
	row.next, _ = row.call.NextDeadline(now)
	for _, res := range results {
		row.priorities = append(row.priorities, res.Priority)
		row.names = append(row.names, s.priorityName(f, res.Priority))
	}
	for _, d := range s.cfg.Plan.Departments {
		if slices.ContainsFunc(d.Priorities, func(p string) bool { return slices.Contains(row.priorities, p) }) {
			row.departments = append(row.departments, s.departmentName(f, d.ID))
		}
	}
	return row
}

// cells are a row's: texts, whole numbers, moments and, for what is not stated, nil. Their names are exportTexts.Columns.
func (r *exportRow) cells(t *texts) []any {
	c := &r.call
	amount := func(n int64) any {
		if n == 0 {
			return nil
		}
		return n
	}
	days := make([]string, len(c.Deadlines))
	for i, d := range c.Deadlines {
		days[i] = written(d)
	}
	address := c.URL
	if webHost(address) == "" { // nothing that a click should run
		address = ""
	}
	y, m, d := r.seen.In(call.Brussels()).Date()
	return []any{
		cmp.Or(r.title, c.Identifier, c.Ref), c.Identifier, c.Call, t.Kinds[string(c.Kind)], t.Statuses[string(r.status)], c.Programme,
		c.Opens, r.next, strings.Join(days, ", "), amount(c.BudgetEUR), amount(c.MinEUR), amount(c.MaxEUR), amount(int64(c.Grants)),
		strings.Join(c.ActionTypes, ", "), c.Eligible, strings.Join(r.names, ", "), strings.Join(r.departments, ", "),
		r.source, call.Day(y, m, d), tag(r.in), address, r.page,
	}
}

// written is a moment as tables and programs read it, in Swedish time.
func written(m call.Moment) string {
	switch {
	case m.IsZero():
		return ""
	case m.DayOnly():
		return m.Date()
	}
	return m.Time().In(call.Brussels()).Format("2006-01-02 15:04")
}

// defused is a text that no spreadsheet takes for a formula, on one line. A source may write =HYPERLINK(…) into a title, and
// programs run what begins so, also behind spaces or with wide signs; the apostrophe says that it is text.
func defused(s string) string {
	s = oneLine(s)
	bare := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '\'' || r == '"' })
	if r, _ := utf8.DecodeRuneInString(bare); strings.ContainsRune("=+-@＝＋－＠", r) {
		return "'" + s
	}
	return s
}

// exportCSV writes what a Swedish spreadsheet opens as it stands: UTF-8 with its mark, semicolons, lines as Windows ends them.
func exportCSV(out io.Writer, t *texts, rows iter.Seq2[exportRow, error]) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(out)
	w.Comma, w.UseCRLF = ';', true
	if err := w.Write(t.Export.Columns); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		var line []string
		for _, cell := range row.cells(t) {
			switch v := cell.(type) {
			case string:
				line = append(line, defused(v))
			case int64:
				line = append(line, strconv.FormatInt(v, 10))
			case call.Moment:
				line = append(line, written(v))
			default:
				line = append(line, "")
			}
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// exportJSON writes a list of calls in the exchange format, one a line, each with the ids of the priorities that it
// concerns.
func exportJSON(out io.Writer, rows iter.Seq2[exportRow, error]) error {
	before := "[\n"
	for row, err := range rows {
		if err != nil {
			return err
		}
		line, err := call.Encode(&row.call)
		if err != nil {
			return err
		}
		if row.priorities == nil {
			row.priorities = []string{}
		}
		more, err := json.Marshal(row.priorities)
		if err != nil {
			return err
		}
		line = slices.Concat(line[:len(line)-1], []byte(`,"priorities":`), more, []byte("}"))
		if _, err := fmt.Fprintf(out, "%s%s", before, line); err != nil {
			return err
		}
		before = ",\n"
	}
	end := "\n]\n"
	if before == "[\n" {
		end = "[]\n"
	}
	_, err := io.WriteString(out, end)
	return err
}

// exportBook makes a workbook: dates and numbers are such, the header stays in sight and filters. Rows go to a file of the
// system's folder for such once they are many.
func exportBook(t *texts, rows iter.Seq2[exportRow, error], n int) (book *excelize.File, err error) {
	book = excelize.NewFile()
	defer func() {
		if err != nil {
			_ = book.Close()
			book, err = nil, fmt.Errorf("workbook: %w", err)
		}
	}()
	sheet := book.GetSheetName(0)
	if err := book.SetSheetName(sheet, t.Site); err != nil {
		return book, err
	}
	sheet = t.Site
	style := func(s excelize.Style) int {
		id, e := book.NewStyle(&s)
		err = errors.Join(err, e)
		return id
	}
	date, at := t.Export.DateForm, t.Export.TimeForm
	bold := style(excelize.Style{Font: &excelize.Font{Bold: true}})
	dates, times := style(excelize.Style{CustomNumFmt: &date}), style(excelize.Style{CustomNumFmt: &at})
	amounts := style(excelize.Style{NumFmt: 3}) // #,##0: the separator is the reader's own
	if err != nil {
		return book, err
	}
	last, err := excelize.CoordinatesToCellName(len(t.Export.Columns), n+1)
	if err != nil {
		return book, err
	}
	if err := book.AutoFilter(sheet, "A1:"+last, nil); err != nil {
		return book, err
	}
	w, err := book.NewStreamWriter(sheet)
	if err != nil {
		return book, err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return book, err
	}
	if err := errors.Join(w.SetColWidth(1, 1, 60), w.SetColWidth(2, len(t.Export.Columns), 18)); err != nil {
		return book, err
	}
	header := make([]any, len(t.Export.Columns))
	for i, c := range t.Export.Columns {
		header[i] = excelize.Cell{StyleID: bold, Value: c}
	}
	if err := w.SetRow("A1", header); err != nil {
		return book, err
	}
	line := 1
	for row, err := range rows {
		if err != nil {
			return book, err
		}
		line++
		cells := row.cells(t)
		for i, cell := range cells {
			switch v := cell.(type) {
			case string: // is text in a workbook whatever it begins with
				cells[i] = cut(oneLine(v), maxCell)
			case int64:
				cells[i] = excelize.Cell{StyleID: amounts, Value: v}
			case call.Moment:
				cells[i] = nil
				if local := v.Time().In(call.Brussels()); !v.IsZero() {
					id := times
					if v.DayOnly() {
						id = dates
					}
					// A cell has no zone: the clock on the wall goes in.
					wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
					cells[i] = excelize.Cell{StyleID: id, Value: wall}
				}
			}
		}
		if err := w.SetRow("A"+strconv.Itoa(line), cells); err != nil {
			return book, err
		}
	}
	return book, w.Flush()
}

// cut cuts a text to n letters as a spreadsheet counts them, in units of UTF-16.
func cut(s string, n int) string {
	units := 0
	for i, r := range s {
		if units++; r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}
