package ftportal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/text"
)

// Parse reads one answer of the portal.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	var p kind.Page
	var err error
	switch doc.Request.Name {
	case nameSearch, nameTotal, nameRecheck:
		p, err = parseSearch(src, doc.Request, doc.Body)
	case nameFacet:
		p, err = parseFacet(doc.Body)
	case nameDetails:
		p, err = parseDetails(src, doc.Request.State, doc.Body)
	default:
		err = fmt.Errorf("request %q is none of search, total, recheck, facet, details", doc.Request.Name)
	}
	if err != nil {
		return kind.Page{}, fmt.Errorf("portal's answer to %s: %w", doc.Request.Name, err)
	}
	return p, nil
}

// envelope is the frame of a search answer. Pointers tell what is absent from what is zero.
type envelope[Row any] struct {
	Total   *int   `json:"totalResults"`
	Page    *int   `json:"pageNumber"`
	Size    *int   `json:"pageSize"`
	Results *[]Row `json:"results"`
}

func parseSearch(src kind.Source, req kind.Request, body []byte) (kind.Page, error) {
	a, ok := parseAsk(req.State)
	if !ok {
		return kind.Page{}, fmt.Errorf("state %q does not say what was asked", req.State)
	}
	rows, e, err := readRows(body)
	if err != nil {
		return kind.Page{}, err
	}
	if *e.Page != a.Page {
		return kind.Page{}, fmt.Errorf("page %d was asked for, page %d came", a.Page, *e.Page)
	}
	if *e.Size != a.Size {
		return kind.Page{}, fmt.Errorf("pages of %d rows were asked for, pages of %d came", a.Size, *e.Size)
	}
	if len(rows) > a.Size || *e.Total < 0 || len(rows) > *e.Total {
		return kind.Page{}, fmt.Errorf("%d rows on a page of %d, of %d in all", len(rows), a.Size, *e.Total)
	}
	p := kind.Page{Total: *e.Total}
	if req.Name != nameRecheck {
		p.Listing = a.listing()
	}
	beyond := *e.Total > window
	if beyond {
		p.Notes = append(p.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("%s: %d rows, more than the %d that one query reaches: the portal ignored the query, or it must be split", a.listing(), *e.Total, window)})
	}
	if req.Name == nameTotal {
		return p, nil
	}
	r := rowReader{source: src.ID, clock: readClock(src.Clock), ask: a}
	for i := range rows {
		if item, ok := r.read(&rows[i]); ok {
			if req.Name == nameRecheck { // labels are Gather's to give, and what is left empty keeps its old value
				item.Call.Divisions = nil
				if isCode(item.Call.Programme) {
					item.Call.Programme = ""
				}
			}
			p.Items = append(p.Items, item)
		}
	}
	p.Notes = append(p.Notes, r.summary()...)
	if req.Name == nameSearch {
		p.Next = missingTexts(src, a, p.Items)
	}
	if req.Name == nameSearch && a.Page == 1 && !beyond {
		for n := 2; (n-1)*a.Size < *e.Total; n++ {
			next := a
			next.Page = n
			p.Next = append(p.Next, searchRequest(src, nameSearch, next))
		}
	}
	return p, nil
}

// readRows reads a search answer, and answers that are none with an error that names what they are. Metadata
// is a map to lists of texts, always, so that is read straight; a page with anything else is read row by row,
// so that one odd row costs itself only.
func readRows(body []byte) ([]row, envelope[row], error) {
	var e envelope[row]
	err := json.Unmarshal(body, &e)
	if oddType := (*json.UnmarshalTypeError)(nil); errors.As(err, &oddType) {
		var raw envelope[json.RawMessage]
		if err := json.Unmarshal(body, &raw); err != nil {
			return nil, e, wrong(body, "totalResults, pageNumber, pageSize, results", err)
		}
		e = envelope[row]{Total: raw.Total, Page: raw.Page, Size: raw.Size}
		if raw.Results != nil {
			e.Results = &[]row{}
			for _, m := range *raw.Results {
				*e.Results = append(*e.Results, readOddRow(m))
			}
		}
	} else if err != nil {
		return nil, e, wrong(body, "", err)
	}
	if e.Total == nil || e.Page == nil || e.Size == nil || e.Results == nil {
		return nil, e, wrong(body, "totalResults, pageNumber, pageSize, results", nil)
	}
	return *e.Results, e, nil
}

func parseFacet(body []byte) (kind.Page, error) {
	var answer struct {
		Facets *[]struct {
			Name   string `json:"name"`
			Values []struct {
				Code  string `json:"rawValue"`
				Label string `json:"value"`
			} `json:"values"`
		} `json:"facets"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Facets == nil {
		return kind.Page{}, wrong(body, "facets", err)
	}
	p := kind.Page{Total: -1, Labels: map[string]string{}}
	for _, f := range *answer.Facets {
		if f.Name != "frameworkProgramme" && f.Name != "programmeDivision" {
			continue
		}
		for _, v := range f.Values {
			// A programme is also a division of itself, under another label: the field goes with the code.
			if v.Code != "" {
				p.Labels[f.Name+"/"+v.Code] = readLabel(v.Label)
			}
		}
	}
	return p, nil
}

// wrong tells what body is instead of what was asked for.
func wrong(body []byte, want string, err error) error {
	trimmed := bytes.TrimSpace(body)
	syntax := (*json.SyntaxError)(nil)
	switch {
	case len(trimmed) == 0:
		return errors.New("an empty answer")
	case trimmed[0] == '<':
		return fmt.Errorf("a page of HTML or XML instead of JSON: %q", excerpt(text.FromHTML(string(trimmed[:min(len(trimmed), 4096)]))))
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(trimmed)):
		return fmt.Errorf("JSON cut off after %d bytes", len(body))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %q", syntax.Offset, excerpt(string(trimmed[:min(len(trimmed), 400)])))
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(trimmed, &keys) != nil {
		return fmt.Errorf("JSON without %s: %q", want, excerpt(string(trimmed[:min(len(trimmed), 400)])))
	}
	var business struct{ Type, Message, Error string }
	if json.Unmarshal(trimmed, &business) == nil && business.Type+business.Message+business.Error != "" {
		return fmt.Errorf("the portal's own error: %s", excerpt(strings.TrimSpace(business.Type+" "+business.Message+" "+business.Error)))
	}
	if err != nil {
		return fmt.Errorf("JSON of another shape than %s: %v", want, err)
	}
	return fmt.Errorf("JSON without %s; its keys are %s", want, excerpt(strings.Join(slices.Sorted(maps.Keys(keys)), ", ")))
}

// excerpt cuts s to what fits in a message.
func excerpt(s string) string { return text.Snippet(text.Clean(s), 160) }
