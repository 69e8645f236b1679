package jsonlist_test

import (
	"strings"
	"testing"

	"utkik/crawler/jsonlist"
	"utkik/crawler/kind"
)

func rules() kind.Rules {
	return kind.Rules{
		Items:  kind.Items{Path: "items"},
		Total:  kind.Find{Path: "total"},
		Fields: []kind.Field{{Name: "title", Find: kind.Find{Path: "title"}}, {Name: "ref", Find: kind.Find{Path: "id"}}},
		Detail: &kind.Detail{Address: "https://example.org/{ref}", Text: "body"},
	}
}

// TestUnread reads what is no list, and is told why.
func TestUnread(t *testing.T) {
	t.Parallel()
	html := rules()
	html.Items.Select, html.Total, html.Detail = "li", kind.Find{}, nil
	noDetail := rules()
	noDetail.Detail = nil
	tests := []struct {
		name  string
		rules kind.Rules
		body  string
		want  string
	}{
		{"a page", rules(), `<!DOCTYPE html><html>`, `no JSON: invalid character '<' looking for beginning of value; it begins with "<!DOCTYPE html><html>"`},
		{"cut", rules(), `{"items": [`, "no JSON: unexpected EOF"},
		{"two values", rules(), `{"items": [], "total": 0} {}`, "something follows after the value"},
		{"no total", rules(), `{"items": []}`, `does not say how many items it has: looked for path "total"`},
		{"no list", rules(), `{"total": 1, "rows": []}`, `nothing stands at items.path "items"`},
		{"null", rules(), `{"total": 1, "items": null}`, `nothing stands at items.path "items"`},
		{"an object", rules(), `{"total": 1, "items": {}}`, `items.path "items" leads to no list`},
		{"fewer than it says", rules(), `{"total": 1, "items": []}`, `says it has 1 items, and none is found`},
		{"no titles", noDetail, `{"total": 1, "items": [{"id": 1, "name": "x"}]}`, `none has a title: the layout has changed, looked for title by path "title"`},
		{"no HTML", html, `{"items": 5}`, `leads to no text that could be HTML`},
		{"HTML without items", html, `{"items": "<p>x</p>"}`, `no element matches items.path "items", items.select "li"`},
		{"no rules", kind.Rules{}, `{}`, "rules.items.path is missing"},
	}
	for _, tt := range tests {
		doc := kind.Document{Request: kind.Request{Name: "list", State: "list=list&page=1"}, Body: []byte(tt.body)}
		_, err := jsonlist.Kind{}.Parse(kind.Source{ID: "x", Rules: tt.rules}, doc)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// TestEmpty reads a list that says itself that it is empty.
func TestEmpty(t *testing.T) {
	t.Parallel()
	doc := kind.Document{Request: kind.Request{Name: "list", State: "list=list&page=1"}, Body: []byte("\xef\xbb\xbf" + `{"total": 0, "items": []}`)}
	p, err := jsonlist.Kind{}.Parse(kind.Source{ID: "x", Rules: rules()}, doc)
	if err != nil || len(p.Items) > 0 || len(p.Notes) > 0 || p.Listing != "list" || p.Total != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
}

// FuzzParse reads any document: it is read or refused, and what is read is sound.
func FuzzParse(f *testing.F) {
	f.Add(`{"total": 2, "items": [{"id": 1.0, "title": "A"}, {"id": "b", "title": "<p>B</p>"}]}`)
	f.Add(`{"total": "2", "items": [[], null, {"title": {"sv": 1}}], "body": "<ul><li>x"}`)
	f.Add(`[]`)
	src := kind.Source{ID: "x", Home: "https://example.org/", Rules: rules()}
	f.Fuzz(func(t *testing.T, body string) {
		for _, name := range []string{"list", "detail"} {
			doc := kind.Document{Request: kind.Request{Name: name, State: "list=list&page=1"}, Body: []byte(body)}
			p, err := jsonlist.Kind{}.Parse(src, doc)
			if err != nil {
				continue
			}
			for _, it := range p.Items {
				if err := it.Call.Validate(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
