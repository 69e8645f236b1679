package index

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"utkik/internal/call"
)

// script is a file of documents and queries; see testdata/*.script:
//
//	broad                words are also looked for in the other language, and corrected
//	doc ID LANGUAGE      begins a document; title, text, identifier, programme, kind, status, deadline follow
//	query TEXT           then one of
//	want ID...           these, in this order, and no others; none for nothing
//	want-any ID...       these and no others, in any order
type script struct {
	docs    listFeed
	queries []scriptQuery
	broad   bool
}

type scriptQuery struct {
	line     int
	text     string
	want     []string
	anyOrder bool
}

func readScript(path string) (*script, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &script{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		key, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		var doc *call.Call
		if len(s.docs) > 0 {
			doc = &s.docs[len(s.docs)-1].Call
		}
		switch key {
		case "", "#":
		case "broad":
			s.broad = true
		case "doc":
			id, lang, _ := strings.Cut(rest, " ")
			s.docs = append(s.docs, entry(len(s.docs)+1, call.Call{Ref: id, Language: lang}))
		case "title":
			doc.Title = rest
		case "text":
			doc.Text = rest
		case "identifier":
			doc.Identifier = rest
		case "programme":
			doc.Programme = rest
		case "kind":
			doc.Kind = call.Kind(rest)
		case "status":
			doc.Status = call.Status(rest)
		case "deadline":
			doc.Deadlines = day(rest)
		case "query":
			s.queries = append(s.queries, scriptQuery{line: n, text: rest})
		case "want", "want-any":
			q := &s.queries[len(s.queries)-1]
			q.anyOrder = key == "want-any"
			if rest != "none" {
				q.want = strings.Fields(rest)
			}
		default:
			return nil, fmt.Errorf("%s:%d: unknown word %q", path, n, key)
		}
	}
	return s, lines.Err()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) < 2 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			s, err := readScript(path)
			if err != nil {
				t.Fatal(err)
			}
			ix := open(t, s.docs)
			for _, q := range s.queries {
				res, err := ix.Search(t.Context(), Query{Text: q.text, Now: testNow, AsWritten: !s.broad})
				if err != nil {
					t.Errorf("%s:%d: %v", path, q.line, err)
					continue
				}
				got := refs(res.Hits)
				if q.anyOrder {
					slices.Sort(got)
					slices.Sort(q.want)
				}
				if !slices.Equal(got, q.want) {
					t.Errorf("%s:%d: %s: found %v, want %v", path, q.line, q.text, got, q.want)
				}
			}
		})
	}
}
