package vinnova

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

var _ interface {
	kind.Kind
	kind.Gatherer
	kind.Scrubber
} = Kind{}

// TestDocumentedFields compares the fields that the API documents with those that the kind knows. Where the copy of the
// documentation beside the project is missing the test skips, but not in CI.
func TestDocumentedFields(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "portals", "vinnova", "captured", "vinnova_api_landing_20260423.html"))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED: %v: it needs the shared captures beside the project", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	plain := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(page), ""))
	known := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[round](), reflect.TypeFor[document](), reflect.TypeFor[address](), reflect.TypeFor[webText]()} {
		for i := range typ.NumField() {
			name := typ.Field(i).Tag.Get("json")
			if name == "" {
				name = typ.Field(i).Name
			}
			known[name] = true
		}
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([\pL]+)"\s*:`).FindAllStringSubmatch(plain, -1) {
		documented[m[1]] = true
	}
	for name := range documented {
		if !known[name] && !strings.HasPrefix(name, "Kontakt") { // those are scrubbed
			t.Errorf("the API documents %s, which the kind does not know", name)
		}
	}
	for name := range known {
		if !documented[name] {
			t.Errorf("the kind knows %s, which the API does not document", name)
		}
	}
	if len(documented) < 30 || !documented["KontaktLista"] || !documented["AnnonseringslägeÅr"] {
		t.Errorf("%d fields documented: %v", len(documented), documented)
	}
}

// TestScrub: no person is left anywhere, everything else is, and scrubbing once more changes nothing.
func TestScrub(t *testing.T) {
	t.Parallel()
	const in = "\xef\xbb\xbf" + `[{"Diarienummer":"2026-1","KontaktLista":[{"Namn":"Anna Exempel","Telefon":"08-123 45 67"}],"Titel":"A & <b>","Ordning":18805.0,
		"Lista":[{"kontaktperson":{"Namn":"Bo Exempel"},"URL":"https://x"}]}]`
	body, err := Kind{}.Scrub(kind.Source{}, kind.Document{Body: []byte(in)})
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"Diarienummer":"2026-1","Lista":[{"URL":"https://x"}],"Ordning":18805.0,"Titel":"A & <b>"}]` + "\n"; string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	again, err := Kind{}.Scrub(kind.Source{}, kind.Document{Body: body})
	if err != nil || !bytes.Equal(body, again) {
		t.Errorf("scrubbed again: %s, %v", again, err)
	}
	for _, bad := range []string{"<html>Anna Exempel", "", `[{"KontaktLista":[{"Namn":"Anna`} {
		if body, err := (Kind{}).Scrub(kind.Source{}, kind.Document{Body: []byte(bad)}); err == nil || len(body) > 0 {
			t.Errorf("%q: %q, %v", bad, body, err)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-10-13T14:00:00": "2026-10-13T14:00:00+02:00", "2026-12-13T14:00:00": "2026-12-13T14:00:00+01:00", "2026-07-02T00:00:00": "2026-07-02",
		"2026-09-01T23:59:59.997": "2026-09-01T23:59:00+02:00", "2026-09-01": "2026-09-01", "2026-09-01 14:00:00": "2026-09-01T14:00:00+02:00",
		"1900-01-01T00:00:00": "", "0001-01-01T00:00:00": "", "": "", "snart": "no", "2026-13-01T00:00:00": "no",
	} {
		m, ok := moment(in)
		if got := m.String(); ok == (want == "no") || ok && got != want {
			t.Errorf("%q: got %s, %v, want %s", in, got, ok, want)
		}
	}
}

// FuzzParse: whatever comes is read or refused, and what is read can be kept.
func FuzzParse(f *testing.F) {
	f.Add(nameRounds, []byte(`[{"Diarienummer":"2026-1","Titel":"T","Stangningsdatum":"2026-10-13T14:00:00","Publik":1,"AvlasningstillfalleLista":[[["2026-09-01"]]]}]`))
	f.Add(nameRounds, []byte(`[null,[],{"Diarienummer":1}]`))
	f.Add(nameCalls, []byte(`[{"Diarienummer":"a","DiarienummerProgram":"b c"}]`))
	src := kind.Source{ID: "vinnova", Home: "https://www.vinnova.se/", Language: "sv", Programme: "Vinnova"}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		doc := kind.Document{Request: kind.Request{Name: name}, Body: body, Fetched: time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)}
		scrubbed, err := Kind{}.Scrub(src, doc)
		if err == nil && !json.Valid(scrubbed) {
			t.Errorf("scrubbed to %q", scrubbed)
		}
		p, err := Kind{}.Parse(src, doc)
		if err != nil && len(p.Items)+len(p.Notes) > 0 {
			t.Errorf("error %q with page %+v", err, p)
		}
		for _, it := range append(p.Items, Kind{}.Gather(src, []kind.Page{p}).Items...) {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if _, err := call.Encode(&it.Call); err != nil {
				t.Error(err)
			}
			if !slices.IsSortedFunc(it.Call.Deadlines, call.Moment.Compare) {
				t.Errorf("deadlines %v", it.Call.Deadlines)
			}
		}
	})
}
