package ftportal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"utkik/crawler/kind"
)

// boundary parts the fields of a form. It is fixed, so that the same question always has the same body and
// with it the same key.
const boundary = "----utkik-sedia-form-4c1d9a70"

// clause is one condition of the portal's query language, of which only bool, term, terms and range work.
type clause struct {
	Terms map[string][]string `json:"terms,omitempty"`
}

func terms(field string, values ...string) clause {
	if len(values) == 0 {
		return clause{}
	}
	return clause{Terms: map[string][]string{field: values}}
}

type query struct {
	Bool struct {
		Must []clause `json:"must"`
	} `json:"bool"`
}

// form is a multipart body. The portal reads a field as JSON only if the part says that it is; a field
// without type is ignored, and the whole index comes back.
type form struct{ b bytes.Buffer }

func (f *form) json(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // unreachable: only strings and lists of strings come here
	}
	fmt.Fprintf(&f.b, "--%s\r\nContent-Disposition: form-data; name=%q; filename=\"blob\"\r\nContent-Type: application/json\r\n\r\n%s\r\n", boundary, name, data)
}

func (f *form) plain(name, value string) {
	fmt.Fprintf(&f.b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, name, value)
}

func (f *form) request(name, address, state string) kind.Request {
	fmt.Fprintf(&f.b, "--%s--\r\n", boundary)
	return kind.Request{
		Name:   name,
		Method: http.MethodPost,
		URL:    address,
		Header: http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}},
		Body:   f.b.Bytes(),
		Accept: []string{"application/json"},
		State:  state,
	}
}

func searchRequest(src kind.Source, name string, a ask, more ...clause) kind.Request {
	var f form
	var q query
	q.Bool.Must = append([]clause{terms("type", a.Type), terms("status", a.Status...), terms("DATASOURCE", dataSource)}, more...)
	f.json("query", q)
	f.json("languages", []string{a.Lang})
	if a.Order.field != "" {
		f.json("sort", struct {
			Field string `json:"field"`
			Order string `json:"order"`
		}{a.Order.field, a.Order.dir})
	}
	return f.request(name, withQuery(src.Address["search"], fmt.Sprintf("pageSize=%d&pageNumber=%d", a.Size, a.Page)), a.state())
}

// facetRequest asks for the labels of the codes that open and forthcoming calls carry. It is optional: labels
// known when this was written stand in codes.tsv.
func facetRequest(src kind.Source) kind.Request {
	var f form
	var q query
	q.Bool.Must = []clause{terms("type", "1", "2", "8"), terms("status", statusForthcoming, statusOpen), terms("DATASOURCE", dataSource)}
	f.json("query", q)
	f.json("languages", []string{language})
	f.plain("displayLanguage", language)
	r := f.request(nameFacet, src.Address["facet"], "")
	r.Optional = true
	return r
}

// detailsRequest asks for the file of a topic. Files exist under the lower-case identifier only.
func detailsRequest(src kind.Source, ref, identifier, stamp string) kind.Request {
	return kind.Request{
		Name:     nameDetails,
		URL:      strings.ReplaceAll(src.Address["details"], "{id}", url.PathEscape(strings.ToLower(identifier))),
		Accept:   []string{"application/json"},
		State:    ref,
		Stamp:    stamp,
		Optional: true,
	}
}

// withQuery appends to an address whose query holds asterisks, which would not survive being re-encoded.
func withQuery(address, more string) string {
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return address + sep + more
}
