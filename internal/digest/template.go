package digest

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"

	"github.com/jba/templatecheck"
)

// The templates' files, in the program and in an operator's folder. Both lay out a [Page] and nothing else.
const (
	HTMLTemplate = "digest.html.tmpl"
	TextTemplate = "digest.txt.tmpl"
)

// TemplateFiles are the names of all templates.
func TemplateFiles() []string { return []string{HTMLTemplate, TextTemplate} }

//go:embed template/*.tmpl
var templateFiles embed.FS

// TemplateSource gives a template that comes with the program, for somebody who wants one of its own to begin from.
func TemplateSource(name string) ([]byte, error) { return templateFiles.ReadFile("template/" + name) }

// Templates lay digests out. Styles of the HTML stand on its elements, because Gmail's app and Outlook drop or garble
// style sheets; the sheet only adds what is nice to have: dark colours and narrow screens.
type Templates struct {
	html *htmltemplate.Template
	text *texttemplate.Template
	own  []string // names of those that are the operator's

	// Failed is told when an operator's template fails over a digest, which then takes the program's own. It may be nil.
	Failed func(TemplateProblem)
}

// TemplateProblem is why a template is not used.
type TemplateProblem struct {
	File string // its name
	Line int    // 0 where the whole file is meant
	Text string
}

// builtin gives the templates that come with the program, which are checked by a test and never altered.
var builtin = sync.OnceValue(func() *Templates {
	t := &Templates{}
	for _, name := range TemplateFiles() {
		source, err := TemplateSource(name)
		if err == nil {
			err = t.parse(name, string(source))
		}
		if err != nil {
			panic(err) // unreachable: the files are part of the program
		}
	}
	return t
})

// ReadTemplates gives the templates in force: an operator's, from a folder, in place of the program's. One with a mistake is
// refused and the program's own stays; a file of another name is told of, because it would wait for ever to be used.
func ReadTemplates(folder fs.FS) (*Templates, []TemplateProblem) {
	t := &Templates{html: builtin().html, text: builtin().text}
	var problems []TemplateProblem
	entries, err := fs.ReadDir(folder, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, []TemplateProblem{{Text: err.Error()}}
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir() || !strings.HasSuffix(name, ".tmpl"):
			continue
		case !slices.Contains(TemplateFiles(), name):
			problems = append(problems, TemplateProblem{File: name, Text: "is no template's name: there are " + strings.Join(TemplateFiles(), " and ")})
			continue
		}
		source, err := fs.ReadFile(folder, name)
		if err == nil {
			err = t.take(name, string(source))
		}
		if err != nil {
			problems = append(problems, problemOf(name, err))
			continue
		}
		t.own = append(t.own, name)
	}
	return t, problems
}

// Own names the templates that are the operator's.
func (t *Templates) Own() []string { return slices.Clone(t.own) }

// take puts a template in force when it can lay out every page: each field that it names is there, in branches too that
// are seldom taken, and it lays out a page that has nothing and one that has everything.
func (t *Templates) take(name, source string) error {
	var x Templates
	if err := x.parse(name, source); err != nil {
		return err
	}
	var execute func(io.Writer, any) error
	var err error
	if x.html != nil {
		err, execute = templatecheck.CheckHTMLStrict(x.html, Page{}), x.html.Execute
	} else {
		err, execute = templatecheck.CheckTextStrict(x.text, Page{}), x.text.Execute
	}
	if err != nil {
		return err
	}
	for _, p := range []Page{{}, fullPage()} {
		if err := execute(io.Discard, p); err != nil {
			return err
		}
	}
	t.html, t.text = cmp.Or(x.html, t.html), cmp.Or(x.text, t.text)
	return nil
}

func (t *Templates) parse(name, source string) (err error) {
	if name == HTMLTemplate {
		t.html, err = htmltemplate.New(name).Parse(source)
	} else {
		t.text, err = texttemplate.New(name).Parse(source)
	}
	return err
}

// fullPage has one of everything.
func fullPage() Page {
	quoted := saying{Intro: "i", Open: "”", Words: []span{{Text: "a"}, {Text: "b", Mark: true}}, Close: "”", Lang: "en", After: "."}
	item := pageItem{Title: []span{{Text: "t"}}, Lang: "en", URL: "https://example.org/", Facts: "f", Rows: []row{{Label: "l", Text: "t", Lang: "en", Strong: true}},
		Changed: []string{"c"}, Why: []saying{quoted}, Also: "a", AtIntro: "i", At: []place{{"n", "https://example.org/"}}, Links: []place{{"n", "https://example.org/"}}}
	brief := item
	brief.Brief = "b"
	group := pageGroup{Name: "n", Items: []pageItem{item, brief}, Fold: "f", More: "https://example.org/", Link: "l", Under: []pageItem{brief}}
	return Page{Lang: "sv", Subject: "s", Heading: "h", Lead: "l", Warnings: []string{"w"}, Baseline: []string{"b"}, Footer: "f", Foot: []place{{"n", "https://example.org/"}},
		Sections: []pageSection{{ID: New, Heading: "h", Count: 1, Groups: []pageGroup{group}}},
		Proof:    pageProof{Heading: "h", Sources: []string{"s"}, Words: []string{"w"}}}
}

// placed finds in a template's error where it is.
var placed = regexp.MustCompile(`^(?:(?:html/)?template: ?)?[\w.-]+\.tmpl:(\d+)(?::\d+)?: *(.*)$`)

func problemOf(name string, err error) TemplateProblem {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	if m := placed.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1]) // unreachable error: digits
		return TemplateProblem{name, line, m[2]}
	}
	return TemplateProblem{name, 0, text}
}

// failed tells of an operator's template that failed over a digest.
func (t *Templates) failed(name string, err error) bool {
	if !slices.Contains(t.own, name) {
		return false
	}
	if t.Failed != nil {
		t.Failed(problemOf(name, err))
	}
	return true
}

// HTML lays a digest out as the HTML part of a mail. Everything is escaped by its context.
func (t *Templates) HTML(d Digest) ([]byte, error) {
	var b bytes.Buffer
	p := lay(&d)
	err := t.html.Execute(&b, p)
	if err != nil && t.failed(HTMLTemplate, err) {
		b.Reset()
		err = builtin().html.Execute(&b, p)
	}
	if err != nil {
		return nil, fmt.Errorf("digest %s %s: html: %v", d.Department, d.Date, err)
	}
	return b.Bytes(), nil
}

// Text lays a digest out as plain text of 72 columns. Addresses are never broken.
func (t *Templates) Text(d Digest) (string, error) {
	var b strings.Builder
	p := lay(&d)
	err := t.text.Execute(&b, p)
	if err != nil && t.failed(TextTemplate, err) {
		b.Reset()
		err = builtin().text.Execute(&b, p)
	}
	if err != nil {
		return "", fmt.Errorf("digest %s %s: text: %v", d.Department, d.Date, err)
	}
	return sheet(b.String()), nil
}

// HTML lays a digest out by the program's own template; see [Templates.HTML].
func HTML(d Digest) ([]byte, error) { return builtin().HTML(d) }

// Text lays a digest out by the program's own template; see [Templates.Text].
func Text(d Digest) string {
	s, err := builtin().Text(d)
	if err != nil {
		return err.Error() // unreachable: the template was checked
	}
	return s
}
