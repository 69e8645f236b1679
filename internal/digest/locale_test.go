package digest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"utkik/internal/call"
)

// built lists the keys that are put together at run time, by their beginnings.
func built() map[string][]string {
	kinds := []string{string(call.KindCall), string(call.KindConsultation), string(call.KindPlanned), string(call.KindNews)}
	out := map[string][]string{
		"kind.":           kinds,
		"why.":            kinds,
		"status.":         {string(call.StatusForthcoming), string(call.StatusOpen), string(call.StatusClosed)},
		"proof.":          {"ok", "quiet", "incomplete", "thin", "broken", "quarantined", "late", "never"},
		"held.":           {string(HeldStale), string(HeldRegress), string(HeldCrowd), string(HeldSuspect), string(HeldOther)},
		"operator.state.": {"late", "incomplete", "broken", "quarantined"},
		"warning.":        {"incomplete", "thin", "broken", "quarantined", "late", "never"},
	}
	for m := time.January; m <= time.December; m++ {
		out["month."] = append(out["month."], strconv.Itoa(int(m)))
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		out["weekday."] = append(out["weekday."], strconv.Itoa(int(d)))
	}
	for _, s := range order {
		out["section."] = append(out["section."], string(s))
	}
	for _, r := range reasons {
		out["omitted."] = append(out["omitted."], string(r))
	}
	out["field."] = []string{"parent_title", "call_title", "programme", "call", "identifier", "topics", "source", "kind", "divisions", "action_types", "eligible", "title", "text",
		"deadlines", "budget_eur", "opens", "status", "grants", "contribution_min_eur", "contribution_max_eur"}
	return out
}

// used gives every key that the code can ask for.
func used(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	known := built()
	dotted := regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		literal := func(n ast.Node) (string, bool) {
			l, ok := n.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING {
				return "", false
			}
			s, err := strconv.Unquote(l.Value)
			return s, err == nil
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := literal(n); ok && dotted.MatchString(s) && !strings.HasSuffix(s, ".tmpl") {
				out[s] = true
			}
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) == 0 {
				return true
			}
			sel, ok := c.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"t", "f", "n"}, sel.Sel.Name) {
				return true
			}
			if s, ok := literal(c.Args[0]); ok {
				out[s] = true
			}
			if b, ok := c.Args[0].(*ast.BinaryExpr); ok {
				s, _ := literal(b.X)
				if known[s] == nil {
					t.Errorf("%s: key built from %q is not listed in built()", file, s)
				}
			}
			return true
		})
	}
	for prefix, ends := range known {
		for _, e := range ends {
			out[prefix+e] = true
		}
	}
	return out
}

func locale(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	b, err := os.ReadFile("locale/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for k, v := range raw {
		switch v := v.(type) {
		case string:
			out[k] = map[string]string{"other": v}
		case map[string]any:
			out[k] = map[string]string{}
			for form, s := range v {
				out[k][form], _ = s.(string)
			}
		}
	}
	return out
}

var hole = regexp.MustCompile(`{{\.(\w+)}}`)

func TestLocales(t *testing.T) {
	t.Parallel()
	sv, en := locale(t, "sv"), locale(t, "en")
	want := used(t)
	for lang, texts := range map[string]map[string]map[string]string{"sv": sv, "en": en} {
		for k := range want {
			if texts[k] == nil {
				t.Errorf("%s: %s is missing", lang, k)
			}
		}
		for k, forms := range texts {
			if !want[k] {
				t.Errorf("%s: %s is used nowhere", lang, k)
			}
			if len(forms) == 2 && (forms["one"] == "" || forms["other"] == "") || len(forms) > 2 {
				t.Errorf("%s: %s has forms %v, want one and other", lang, k, forms)
			}
		}
	}
	for k := range sv {
		if en[k] == nil {
			continue // told above
		}
		if len(sv[k]) != len(en[k]) {
			t.Errorf("%s: plural in one language only", k)
		}
		if x, y := holesOf(sv[k]["other"]), holesOf(en[k]["other"]); !slices.Equal(x, y) {
			t.Errorf("%s: sv speaks of %v, en of %v", k, x, y)
		}
	}
	full := args{Count: "c", Name: "n", Date: "d", Old: "o", New: "w", Amount: "a", Min: "i", Max: "x", Quote: "q", Label: "l", Reason: "r", Field: "f",
		List: "s", Command: "m", Day: "1", Weekday: "k", Month: "j", Year: "y", Clock: "b"}
	for lang, texts := range map[string]map[string]map[string]string{"sv": sv, "en": en} {
		w, err := newWords(lang)
		if err != nil {
			t.Fatal(err)
		}
		for k := range texts {
			for n := 1; n <= len(texts[k]); n++ {
				c := &i18n.LocalizeConfig{MessageID: k, TemplateData: full}
				if len(texts[k]) > 1 {
					c.PluralCount = n
				}
				got, err := w.loc.Localize(c)
				form := k
				if len(texts[k]) > 1 && n == 1 {
					form += "#one"
				}
				if mine := fill(w.cut[form], &full); mine != got {
					t.Errorf("%s %s for %d: %q, go-i18n says %q", lang, k, n, mine, got)
				}
				if err != nil || got == "" || strings.Contains(got, "{{") || strings.Contains(got, "no value") {
					t.Errorf("%s %s for %d: %q, %v", lang, k, n, got, err)
				}
			}
		}
	}
}

func holesOf(s string) []string {
	var out []string
	for _, m := range hole.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestMissingMessageIsAnError(t *testing.T) {
	t.Parallel()
	w, err := newWords("sv")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.t("no.such.message"); got != "no.such.message" || w.err == nil {
		t.Errorf("%q, %v", got, w.err)
	}
}
