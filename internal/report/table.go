package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheet is one table: its name, and rows of which the first is the head. A cell is a text, a whole number or a number.
type sheet struct {
	name   string
	widths []float64 // of columns, in letters; the last goes for the rest
	rows   [][]any
}

// sheets are the report's tables.
func (r *Report) sheets(w *words) []sheet {
	names := map[string]string{}
	head := []any{"ID", w.Priority}
	for _, c := range w.columns(Figures{}) {
		head = append(head, c.Name)
	}
	priorities := [][]any{append(head, w.Networks)}
	figures := func(id, name string, f Figures, networks string) {
		row := []any{id, name}
		for _, c := range w.columns(f) {
			row = append(row, c.Value)
		}
		priorities = append(priorities, append(row, networks))
	}
	for _, p := range r.Priorities {
		names[p.ID] = p.Name
		figures(p.ID, p.Name, p.Figures, strings.Join(p.Networks, ", "))
	}
	figures("", w.Total, r.Total, "")

	items := [][]any{{w.Source, "Ref", w.Kind, w.Item, w.Programme, w.FirstSeen, w.New, w.LastDay, w.Priorities, w.InDigest, w.Mails, w.Decision, w.InTime, w.Who, w.DecidedAt, w.Why, w.Address}}
	for _, it := range r.Items {
		var by, days, why []string
		for _, d := range it.Decisions {
			by, days = append(by, who(r, d)+": "+w.choice(d.Choice)), append(days, d.Day)
			if d.Why != "" {
				why = append(why, d.Why)
			}
		}
		items = append(items, []any{it.Source, it.Ref, w.kind(it.Kind), it.Title, it.Programme, it.FirstSeen, w.yes(it.New), it.LastDay, join(it.Priorities, names), w.yes(it.InDigest), it.Mails,
			w.choice(it.Choice), w.timing(it.Timing), strings.Join(by, "; "), strings.Join(days, "; "), strings.Join(why, "; "), it.URL})
	}
	departments := [][]any{{"ID", w.Department, w.Concerned, w.Act, w.Follow, w.NotRelevant}}
	for _, d := range r.Departments {
		departments = append(departments, []any{d.ID, d.Name, d.Concerned, d.Act, d.Follow, d.NotRelevant})
	}
	networks := [][]any{{"ID", w.Network, w.NetworkPriorities, w.Calls, w.Consultations, w.Act}}
	for _, n := range r.Networks {
		networks = append(networks, []any{n.ID, n.Name, join(n.Priorities, names), n.Calls, n.Consultations, n.Act})
	}
	sources := [][]any{{"ID", w.Source, w.Well, w.DaysIll, w.Longest, w.Runs, w.Complete, w.FoundNew, w.FoundChanged, w.Held}}
	for _, s := range r.Sources {
		sources = append(sources, []any{s.ID, s.Name, s.Well, s.Ill, s.Longest, s.Runs, s.Complete, s.New, s.Changed, s.Held})
	}
	gaps := [][]any{{"ID", w.Gap}}
	for _, g := range r.Gaps {
		gaps = append(gaps, []any{g.ID, g.Words})
	}
	return []sheet{
		{w.SheetPriorities, []float64{22, 40, 12}, priorities}, {w.SheetItems, []float64{14, 18, 16, 60, 14, 12, 8, 12, 40, 14, 10, 14, 14, 40, 14, 40, 50}, items},
		{w.SheetDepartments, []float64{22, 32, 12}, departments}, {w.SheetNetworks, []float64{14, 40, 50, 12}, networks},
		{w.SheetSources, []float64{22, 44, 14}, sources}, {w.SheetGaps, []float64{22, 90}, gaps},
	}
}

func (w *words) yes(b bool) string {
	if b {
		return w.Yes
	}
	return w.No
}

// CSV gives the table of priorities, with the total last: UTF-8, commas, a head.
func CSV(r Report) ([]byte, error) {
	w, err := wordsOf(r.Language)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	for _, row := range r.sheets(w)[0].rows {
		texts := make([]string, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case string:
				texts[i] = v
			case int:
				texts[i] = strconv.Itoa(v)
			}
		}
		if err := out.Write(texts); err != nil {
			return nil, fmt.Errorf("report: csv: %v", err)
		}
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

// XLSX gives a workbook with all tables, a sheet each. Texts are texts: none is taken for a formula.
func XLSX(r Report) (_ []byte, err error) {
	w, err := wordsOf(r.Language)
	if err != nil {
		return nil, err
	}
	book := excelize.NewFile()
	defer func() { err = wrapXLSX(err, book.Close()) }()
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "bottom"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEF2F6"}}})
	if err != nil {
		return nil, err
	}
	for i, s := range r.sheets(w) {
		if i == 0 {
			err = book.SetSheetName("Sheet1", s.name)
		} else {
			_, err = book.NewSheet(s.name)
		}
		if err != nil {
			return nil, err
		}
		if err := fill(book, s, bold); err != nil {
			return nil, err
		}
	}
	title := fmt.Sprintf(w.Title, r.Year, r.PlanName)
	if err := book.SetDocProps(&excelize.DocProperties{Title: title, Creator: "Utkik", Language: r.Language, Created: r.Made.Format("2006-01-02T15:04:05Z"), Modified: r.Made.Format("2006-01-02T15:04:05Z")}); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func wrapXLSX(err, closing error) error {
	if err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("report: xlsx: %w", err)
	}
	return nil
}

func fill(book *excelize.File, s sheet, head int) error {
	for i, row := range s.rows {
		for j, v := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				return err
			}
			if text, ok := v.(string); ok {
				err = book.SetCellStr(s.name, at, text)
			} else {
				err = book.SetCellValue(s.name, at, v)
			}
			if err != nil {
				return err
			}
		}
	}
	n := len(s.rows[0])
	for j := range n {
		column, err := excelize.ColumnNumberToName(j + 1)
		if err == nil {
			err = book.SetColWidth(s.name, column, column, s.widths[min(j, len(s.widths)-1)])
		}
		if err != nil {
			return err
		}
	}
	last, err := excelize.CoordinatesToCellName(n, 1)
	if err != nil {
		return err
	}
	if err := book.SetCellStyle(s.name, "A1", last, head); err != nil {
		return err
	}
	return book.SetPanes(s.name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// JSON gives the report as the type [Report] documents it.
func JSON(r Report) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("report: json: %v", err)
	}
	return b.Bytes(), nil
}
