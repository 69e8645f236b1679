package digest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// The templates that come with the program pass what an operator's must pass.
func TestBuiltinTemplates(t *testing.T) {
	t.Parallel()
	for _, name := range TemplateFiles() {
		source, err := TemplateSource(name)
		if err != nil {
			t.Fatal(err)
		}
		var x Templates
		if err := x.take(name, string(source)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadTemplates refuses what cannot lay out every page, and says where and why.
func TestReadTemplates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, source string
		line               int
		want               string
	}{
		{"field", HTMLTemplate, "<p>{{.Lead}}</p>\n<p>{{.Led}}</p>", 2, "Led"},
		{"field in a branch that is seldom taken", HTMLTemplate, "<p>{{.Lead}}</p>\n{{range .Sections}}{{range .Groups}}{{range .Items}}\n{{if and .Brief .Also (not .URL)}}\n{{.Headline}}{{end}}{{end}}{{end}}{{end}}", 4, "Headline"},
		{"field in another template", TextTemplate, "{{range .Sections}}{{template \"x\" .}}{{end}}\n{{define \"x\"}}\n{{.Lead}}{{end}}", 3, "Lead"},
		{"list that is none", TextTemplate, "{{range .Sections}}\n{{range .Heading}}{{end}}{{end}}", 2, "Heading"},
		{"template that is not there", TextTemplate, "{{.Lead}}\n{{template \"x\" .}}", 2, `"x"`},
		{"function that is not there", TextTemplate, "\n\n{{upper .Lead}}", 3, `function "upper" not defined`},
		{"open end", HTMLTemplate, "<p>\n{{if .Lead}}", 2, "unexpected EOF"},
		{"open brace", TextTemplate, "{{.Lead", 1, "unclosed action"},
		{"open tag", HTMLTemplate, "<p title=\"{{.Lead}}", 0, "non-text context"},
		{"what an empty page has not", TextTemplate, "{{(index .Sections 0).Heading}}", 1, "index"},
		{"the like without end", TextTemplate, "{{define \"x\"}}{{template \"x\" .}}{{end}}{{template \"x\" .}}", 1, "x"},
		{"misnamed", "digest.text.tmpl", "{{.Lead}}", 0, "is no template's name: there are digest.html.tmpl and digest.txt.tmpl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own, problems := ReadTemplates(fstest.MapFS{c.file: {Data: []byte(c.source)}, "notes.txt": {}, "old/digest.html.tmpl": {}})
			if len(problems) != 1 {
				t.Fatalf("problems %+v", problems)
			}
			if p := problems[0]; p.File != c.file || p.Line != c.line || !strings.Contains(p.Text, c.want) || strings.Contains(p.Text, "\n") {
				t.Errorf("got %+v, want %s:%d: …%s…", p, c.file, c.line, c.want)
			}
			if len(own.Own()) > 0 {
				t.Errorf("%q are in force", own.Own())
			}
			d := build(t, normalDay())
			if text, err := own.Text(d); err != nil || text != Text(d) {
				t.Errorf("the program's own does not stand in: %v", err)
			}
		})
	}
}

// One template that is an operator's stands beside the other that is not.
func TestOwnTemplate(t *testing.T) {
	t.Parallel()
	own, problems := ReadTemplates(fstest.MapFS{TextTemplate: {Data: []byte("Hej!\n---\n{{.Lead}}\n{{range .Sections}}{{range .Groups}}{{range .Items}}\n* {{range .Title}}{{.Text}}{{end}}{{end}}{{end}}{{end}}\n")}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff([]string{TextTemplate}, own.Own()); diff != "" {
		t.Error(diff)
	}
	d := build(t, normalDay())
	text, err := own.Text(d)
	if err != nil || !strings.HasPrefix(text, "Hej!\n----\n") || !strings.Contains(text, "\n* RIVCircular Open Call for Interregional Circular Economy Innovation\n  Proposals\n") {
		t.Errorf("%v:\n%s", err, text)
	}
	html, err := own.HTML(d)
	want, err2 := HTML(d)
	if err != nil || err2 != nil || !slices.Equal(html, want) {
		t.Errorf("html is not the program's: %v, %v", err, err2)
	}
}

// A template that fails over one digest costs nobody the mail.
func TestFailingTemplate(t *testing.T) {
	t.Parallel()
	own, problems := ReadTemplates(fstest.MapFS{TextTemplate: {Data: []byte("{{.Lead}}\n{{range .Sections}}{{if eq .Heading \"Nytt\"}}{{slice .ID 0 9}}{{end}}{{end}}")}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []TemplateProblem
	own.Failed = func(p TemplateProblem) { got = append(got, p) }
	d := build(t, normalDay())
	if text, err := own.Text(d); err != nil || text != Text(d) {
		t.Errorf("%v:\n%s", err, text)
	}
	if len(got) != 1 || got[0].Line != 2 || got[0].File != TextTemplate {
		t.Errorf("told %+v", got)
	}
}

func TestNoTemplates(t *testing.T) {
	t.Parallel()
	own, problems := ReadTemplates(fstest.MapFS{})
	if len(problems) > 0 || len(own.Own()) > 0 {
		t.Errorf("%v, %v", problems, own.Own())
	}
}

func TestSheet(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ord ", 20)
	for _, c := range []struct{ name, in, want string }{
		{"rule", "Åäö\n===\n", "Åäö\n===\n"},
		{"rule is as wide as the line above", "Rubrik\n---\n\n---\n", "Rubrik\n------\n\n---\n"},
		{"no more than two empty lines", "\n\na\n\n\n\n\nb\n\n\n", "a\n\n\nb\n"},
		{"hangs under its first word", "  > " + long, "  > " + strings.TrimSpace(strings.Repeat("ord ", 17)) + "\n    ord ord ord\n"},
		{"a list", "* " + long, "* " + strings.TrimSpace(strings.Repeat("ord ", 17)) + "\n  ord ord ord\n"},
		{"an address is not broken", "  https://example.org/" + strings.Repeat("x", 80), "  https://example.org/" + strings.Repeat("x", 80) + "\n"},
		{"spaces", "a  b \t\n", "a b\n"},
		{"a number stays by its unit", "7" + nbsp + "000 euro", "7 000 euro\n"},
	} {
		if got := sheet(c.in); got != c.want {
			t.Errorf("%s: got\n%q, want\n%q", c.name, got, c.want)
		}
	}
}
