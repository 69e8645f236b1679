package web

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/watch"
)

// flat is every text of a locale file by its path.
func flat(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := files.ReadFile("locale/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(at+"/"+k, x)
			}
		case []any:
			for i, x := range v {
				walk(at+"/"+strconv.Itoa(i), x)
			}
		case string:
			out[at] = v
		default:
			t.Errorf("%s: %s is no text", lang, at)
		}
	}
	walk("", all)
	return out
}

var verb = regexp.MustCompile(`%(\[\d\])?[sd]`)

// TestTexts holds the languages against each other and against the struct that pages read them from.
func TestTexts(t *testing.T) {
	t.Parallel()
	sv, en := flat(t, "sv"), flat(t, "en")
	for at := range en {
		if _, ok := sv[at]; !ok {
			t.Errorf("sv lacks %s", at)
		}
	}
	for at, text := range sv {
		other, ok := en[at]
		if !ok {
			t.Errorf("en lacks %s", at)
		}
		// An ordinary space may not stand at an end, since formats put texts together; the others may.
		if strings.TrimSpace(text) == "" && at != "/group" || strings.TrimSpace(other) == "" && at != "/group" || strings.Trim(text, " \n") != text || strings.Trim(other, " \n") != other {
			t.Errorf("%s is empty or has spaces around it: %q, %q", at, text, other)
		}
		if a, b := verb.FindAllString(text, -1), verb.FindAllString(other, -1); !slices.Equal(a, b) {
			t.Errorf("%s: places to fill in differ: %q, %q", at, a, b)
		}
		if text == other {
			if !slices.Contains([]string{"/site", "/facets/status", "/fields/status", "/budget", "/date_format", "/feed/atom", "/feed/json"}, at) &&
				!strings.HasPrefix(at, "/months/") {
				t.Errorf("%s is the same in both languages: %q", at, text)
			}
		}
	}
	var want []string
	fields := reflect.TypeFor[texts]()
	for i := range fields.NumField() {
		want = append(want, fields.Field(i).Tag.Get("json"))
	}
	for _, lang := range languages {
		var got map[string]any
		raw, _ := files.ReadFile("locale/" + lang + ".json")
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		for _, k := range want {
			if _, ok := got[k]; !ok {
				t.Errorf("%s lacks %s", lang, k)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s has %d keys, want %d", lang, len(got), len(want))
		}
	}
}

// TestWordsForEverything makes sure that each value that the vocabulary knows has words in each language, and that no
// word is for a value that nobody knows.
func TestWordsForEverything(t *testing.T) {
	t.Parallel()
	var fields []string
	shape := reflect.TypeFor[call.Call]()
	for i := range shape.NumField() {
		name, _, _ := strings.Cut(shape.Field(i).Tag.Get("json"), ",")
		if name != "source" && name != "ref" { // identity, which never changes
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	events, kinds, statuses := constants(t, "Event"), constants(t, "Kind"), append(constants(t, "Status"), "")
	slices.Sort(statuses)
	for _, lang := range languages {
		x, err := readTexts(lang)
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			want []string
			got  map[string]string
		}{
			"events": {events, x.Events}, "kinds": {kinds, x.Kinds}, "statuses": {statuses, x.Statuses}, "fields": {fields, x.Fields},
			"deadlines": {sorted(index.Scale(index.FacetDeadline)), x.Values[index.FacetDeadline]},
			"budgets":   {sorted(index.Scale(index.FacetBudget)), x.Values[index.FacetBudget]}, "forms": {index.Actions(), x.Values[index.FacetAction]},
			"states": {states(), x.Sources.States}, "meanings of states": {states(), x.Sources.Means}, "faults": {faults(), x.Sources.Faults},
			"facets": {slices.Sorted(slices.Values(facetOrder)), x.Facets}, "sorts": {slices.Sorted(slices.Values(sorts("x"))), x.Sorts},
		} {
			var got []string
			for k, v := range tt.got {
				got = append(got, k)
				if v == "" {
					t.Errorf("%s: %s %q has no words", lang, name, k)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s: %s (-want +got):\n%s", lang, name, d)
			}
		}
		if len(x.Months) != 12 || len(x.Weekdays) != 7 {
			t.Errorf("%s: %d months, %d weekdays", lang, len(x.Months), len(x.Weekdays))
		}
	}
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }

// states and faults are those of sources, sorted.
func states() []string {
	var out []string
	for _, s := range watch.States() {
		out = append(out, string(s))
	}
	slices.Sort(out)
	return out
}

func faults() []string {
	var out []string
	for _, f := range kind.Faults() {
		out = append(out, string(f))
	}
	slices.Sort(out)
	return out
}

// constants gives the values of the vocabulary's constants of a type, sorted: what is added there is missed here.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	paths, _ := filepath.Glob("../call/*.go")
	var out []string
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					s, _ := strconv.Unquote(lit.Value)
					out = append(out, s)
				}
			}
			return true
		})
	}
	if len(out) < 3 {
		t.Fatalf("only %d constants of type %s found", len(out), typeName)
	}
	slices.Sort(out)
	return out
}

var (
	element  = regexp.MustCompile(`(?s)<[^>]*>`)
	readable = regexp.MustCompile(`(?i)\b(alt|title|placeholder|aria-label|label|summary)="[^"]*[[:alpha:]][^"]*"`)
	word     = regexp.MustCompile(`[[:alpha:]]`)
)

// TestNoWordsInTemplates makes sure that a page has no words but those of the locale files and of the sources.
func TestNoWordsInTemplates(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil || len(names) < 4 {
		t.Fatalf("templates: %q, %v", names, err)
	}
	for _, name := range names {
		raw, _ := files.ReadFile(name)
		trees, err := parse.Parse(name, string(raw), "", "", map[string]any{"or": fmt.Sprint, "not": fmt.Sprint, "eq": fmt.Sprint})
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			var b strings.Builder
			fixed(tree.Root, &b)
			if bad := readable.FindAllString(b.String(), -1); len(bad) > 0 {
				t.Errorf("%s: words in attributes: %q", name, bad)
			}
			if left := element.ReplaceAllString(b.String(), ""); word.MatchString(left) {
				t.Errorf("%s: words outside the locale files: %q", name, strings.Fields(left))
			}
		}
	}
}

// fixed writes the parts of a template that are not filled in.
func fixed(node parse.Node, b *strings.Builder) {
	branch := func(n *parse.BranchNode) {
		fixed(n.List, b)
		if n.ElseList != nil {
			fixed(n.ElseList, b)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			fixed(c, b)
		}
	case *parse.TextNode:
		b.Write(n.Text)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	}
}

// TestEveryTextIsUsed finds texts that no page shows any more.
func TestEveryTextIsUsed(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			if path == "texts_test.go" {
				continue
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(raw)
		}
	}
	fields := reflect.TypeFor[texts]()
	for i := range fields.NumField() {
		if name := fields.Field(i).Name; !regexp.MustCompile(`(\bT|\bt)\.` + name + `\b`).MatchString(all.String()) {
			t.Errorf("no page shows %s", name)
		}
	}
}
