package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"utkik/crawler/kind"
	"utkik/internal/app"
	"utkik/internal/call"
)

func (p *program) checkCommand() *cobra.Command {
	var o app.CheckOptions
	var record string
	c := &cobra.Command{
		Use:   "check SOURCE",
		Short: "Look at a source: what is found in it, by which rule, and what is missing; nothing is stored",
		Long: `Reads a source politely, as a crawl would, and prints what was found field by field: in how many items, an example, and the
rule that found it; then what its file expects and was missed. Nothing is stored.

With --record what came is written as a fixture of its kind: without mail addresses, telephone numbers, contact lists, tokens and
cookies. Read it before you keep it: a name that stands alone is not known for one.

Exit code 3 says that something was missed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				o.Record = record != ""
				found, err := a.Check(cmd.Context(), args[0], o)
				if err != nil {
					return err
				}
				if record != "" {
					if err := os.WriteFile(record, found.Archive, 0o644); err != nil {
						return fmt.Errorf("recording %s: %v", record, err)
					}
				}
				if p.json {
					err = p.printCheckJSON(found)
				} else {
					err = p.printCheck(found)
				}
				if err != nil {
					return err
				}
				if record != "" {
					fmt.Fprintf(p.err, "utkik: recorded in %s: read it before you keep it\n", record)
				}
				if !found.Report.Complete {
					return errPartial
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&o.URL, "url", "", "`address` to ask for in place of the source's first one")
	c.Flags().IntVar(&o.Most, "most", 0, "`documents` to ask for (default 20)")
	c.Flags().StringVar(&record, "record", "", "write what came as a fixture to this `file`")
	return c
}

// shownItems is how many items a look at a source shows.
const shownItems = 3

func (p *program) printCheck(found app.Check) error {
	for _, d := range found.Documents {
		media, _, _ := strings.Cut(d.Header.Get("Content-Type"), ";")
		fmt.Fprintf(p.out, "%s: %d, %s, %d bytes\n", requested(d.Request), d.Status, media, len(d.Body))
	}
	items := found.Report.Items
	fmt.Fprintf(p.out, "\n%d items\n", len(items))
	for _, it := range items[:min(len(items), shownItems)] {
		fmt.Fprintf(p.out, "  %s  %s\n", it.Call.Ref, short(it.Call.Title))
	}
	if len(items) > 0 {
		fmt.Fprintln(p.out)
		w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FIELD\tFOUND\tEXAMPLE\tBY")
		for _, f := range found.Fields {
			by := "the kind's code"
			if len(f.By) > 0 {
				by = strings.Join(f.By, "; or ")
			}
			fmt.Fprintf(w, "%s\t%d of %d\t%s\t%s\n", f.Field, f.Have, len(items), short(f.Example), by)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if none := lacking(found.Fields); len(none) > 0 {
			fmt.Fprintf(p.out, "in none: %s\n", strings.Join(none, ", "))
		}
	}
	for i, n := range found.Report.Notes {
		if i == 0 {
			fmt.Fprintln(p.out)
		}
		if i == maxNotes {
			fmt.Fprintf(p.out, "and %d more notes\n", len(found.Report.Notes)-i)
			break
		}
		word := "note"
		switch {
		case n.Fault == kind.FaultExpected:
			word = "missed"
		case n.Gap:
			word = "gap"
		}
		text := n.Text
		if n.Ref != "" {
			text = n.Ref + ": " + text
		}
		fmt.Fprintf(p.out, "%s: %s\n", word, text)
	}
	return nil
}

// lacking gives the fields that no item has.
func lacking(fields []app.CheckedField) []string {
	have := map[string]bool{}
	for _, f := range fields {
		have[f.Field] = f.Have > 0
	}
	var out []string
	for _, name := range kind.FieldNames() {
		switch name {
		case "ref", "kind", "period": // every item has the first two, and the third is another's
		default:
			if !have[name] {
				out = append(out, name)
			}
		}
	}
	return out
}

func requested(q kind.Request) string {
	method := q.Method
	if method == "" {
		method = "GET"
	}
	return method + " " + q.URL
}

// short is a text on one line, cut where it is long.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func (p *program) printCheckJSON(found app.Check) error {
	type fieldLine struct {
		Field   string   `json:"field"`
		Have    int      `json:"have"`
		Example string   `json:"example"`
		By      []string `json:"by"`
	}
	type noteLine struct {
		Ref   string     `json:"ref"`
		Text  string     `json:"text"`
		Gap   bool       `json:"gap"`
		Fault kind.Fault `json:"fault"`
	}
	out := struct {
		Complete bool              `json:"complete"`
		Requests int               `json:"requests"`
		Items    []json.RawMessage `json:"items"`
		Fields   []fieldLine       `json:"fields"`
		Notes    []noteLine        `json:"notes"`
	}{found.Report.Complete, found.Report.Requests, []json.RawMessage{}, []fieldLine{}, []noteLine{}}
	for i := range found.Report.Items {
		line, err := call.Encode(&found.Report.Items[i].Call)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, line)
	}
	for _, f := range found.Fields {
		out.Fields = append(out.Fields, fieldLine{f.Field, f.Have, f.Example, append([]string{}, f.By...)})
	}
	for _, n := range found.Report.Notes {
		out.Notes = append(out.Notes, noteLine{n.Ref, n.Text, n.Gap, n.Fault})
	}
	return p.printJSON(out)
}
