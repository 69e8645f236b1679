// Package haveyoursay reads the EU's Have Your Say portal: calls for evidence, public consultations and draft
// acts on which anybody may give feedback. The kind is pure; each habit of the portal that the code bends to is
// told where the code does so.
//
//	list     pages of 100 of the initiatives whose feedback is open; one row an initiative
//	detail   one an initiative, optional: its summary, which the list lacks
//
// One call stands for one initiative, whatever its stages. Identity is the initiative's number: it is in every row
// and in the address for people, and it outlives the stages (call for evidence, public consultation, draft act).
// Numbers of single publications are only in the detail, which may fail. When an initiative asks again in a
// later stage, the same call opens again with another deadline, which is how people speak of it.
package haveyoursay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/text"
)

// Kind reads the portal. It implements [kind.Kind].
type Kind struct{}

// Names of requests, and so of pages.
const (
	nameList   = "list"
	nameDetail = "detail"
)

const (
	pageSize = 100 // the portal cuts larger pages to this, silently
	maxPages = 100 // the whole register was 42 pages in 2026
	listing  = "initiatives"
)

// Start asks for the first page of the list.
func (Kind) Start(src kind.Source) []kind.Request {
	return []kind.Request{listRequest(src, 0)}
}

// listRequest asks for a page, counted from 0. Without language and page the portal answers 500. An order cannot
// be asked for: sort gives 406.
func listRequest(src kind.Source, page int) kind.Request {
	address := src.Address["list"]
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return kind.Request{
		Name:   nameList,
		URL:    fmt.Sprintf("%s%spage=%d&size=%d", address, sep, page, pageSize),
		Accept: []string{"application/json"},
		State:  strconv.Itoa(page),
	}
}

// detailRequest asks for the summary of an initiative. The stamp is a hash of its row, so that it is asked for again
// only when the row changes.
func detailRequest(src kind.Source, ref, stamp string) kind.Request {
	return kind.Request{
		Name:     nameDetail,
		URL:      strings.ReplaceAll(src.Address["detail"], "{id}", url.PathEscape(ref)),
		Accept:   []string{"application/json"},
		State:    ref,
		Stamp:    stamp,
		Optional: true,
	}
}

// Parse reads one answer of the portal.
func (Kind) Parse(src kind.Source, doc kind.Document) (kind.Page, error) {
	var p kind.Page
	var err error
	switch doc.Request.Name {
	case nameList:
		p, err = parseList(src, doc.Request, doc.Body)
	case nameDetail:
		p, err = parseDetail(src, doc.Request.State, doc.Body)
	default:
		err = fmt.Errorf("request %q is none of list, detail", doc.Request.Name)
	}
	if err != nil {
		return kind.Page{}, fmt.Errorf("portal's answer to %s: %w", doc.Request.Name, err)
	}
	return p, nil
}

// frame says where a page stands in its list. Pointers tell what is absent from what is zero.
type frame struct {
	Total  *int `json:"totalElements"`
	Number *int `json:"number"`
	Size   *int `json:"size"`
}

// readRows reads both shapes of a list: that of today, and that which was in use until about 2024.
func readRows(body []byte) ([]json.RawMessage, frame, error) {
	const want = "initiativeResultDtoPage or _embedded.initiativeResultDtoes"
	var answer struct {
		Today *struct {
			frame
			Rows *[]json.RawMessage `json:"content"`
		} `json:"initiativeResultDtoPage"`
		Former *struct {
			Rows *[]json.RawMessage `json:"initiativeResultDtoes"`
		} `json:"_embedded"`
		Page *frame `json:"page"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, frame{}, wrong(body, want, err)
	}
	switch {
	case answer.Today != nil && answer.Today.Rows != nil && answer.Today.Total != nil:
		return *answer.Today.Rows, answer.Today.frame, nil
	case answer.Former != nil && answer.Former.Rows != nil && answer.Page != nil && answer.Page.Total != nil:
		return *answer.Former.Rows, *answer.Page, nil
	case answer.Former == nil && answer.Page != nil && answer.Page.Total != nil && *answer.Page.Total == 0:
		return nil, *answer.Page, nil // the former shape left out _embedded where there was nothing
	}
	return nil, frame{}, wrong(body, want, nil)
}

func parseList(src kind.Source, req kind.Request, body []byte) (kind.Page, error) {
	asked, err := strconv.Atoi(req.State)
	if err != nil || asked < 0 {
		return kind.Page{}, fmt.Errorf("state %q does not say which page was asked for", req.State)
	}
	rows, f, err := readRows(body)
	if err != nil {
		return kind.Page{}, err
	}
	if f.Number != nil && *f.Number != asked {
		return kind.Page{}, fmt.Errorf("page %d was asked for, page %d came", asked, *f.Number)
	}
	size := pageSize
	if f.Size != nil && *f.Size > 0 {
		size = *f.Size // what the portal cuts to is what it counts pages by
	}
	if *f.Total < 0 || len(rows) > *f.Total || len(rows) > size {
		return kind.Page{}, fmt.Errorf("%d rows on a page of %d, of %d in all", len(rows), size, *f.Total)
	}
	p := kind.Page{Listing: listing, Total: *f.Total}
	open := onlyOpen(req.URL)
	foreign := 0
	for i, raw := range rows {
		r, err := readRow(raw)
		if err != nil {
			// A row without a number cannot be kept: the count of the list will show that one is missing.
			p.Notes = append(p.Notes, kind.Note{Text: fmt.Sprintf("row %d of page %d cannot be read: %s", i+1, asked, excerpt(err.Error()))})
			continue
		}
		item, notes := r.item(src.ID)
		p.Notes = append(p.Notes, notes...)
		if open && !r.has(feedbackOpen) {
			// The filter is the portal's to keep. A single such row is held, so that an unknown one becomes no news.
			foreign++
			item.Hold = join(item.Hold, "listed among the open ones although its feedback is not open")
		}
		p.Items = append(p.Items, item)
		p.Next = append(p.Next, detailRequest(src, item.Call.Ref, r.stamp()))
	}
	// Other parameters than feedbackStatus were seen to be ignored, and then all 4,000 initiatives come.
	if foreign > 5 && foreign > len(rows)/2 {
		return kind.Page{}, fmt.Errorf("only open initiatives were asked for, and %d of %d are not: the portal ignored the filter", foreign, len(rows))
	}
	if asked == 0 {
		pages := (*f.Total + size - 1) / size
		if pages > maxPages {
			p.Notes = append(p.Notes, kind.Note{Gap: true, Text: fmt.Sprintf("%d pages of initiatives, more than the %d that are read", pages, maxPages)})
			pages = maxPages
		}
		for n := 1; n < pages; n++ {
			p.Next = append(p.Next, listRequest(src, n))
		}
	}
	return p, nil
}

// onlyOpen tells whether a list was asked for with the filter for open feedback. The filter is a part of the
// source's address, which an operator may change.
func onlyOpen(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Get("feedbackStatus") == feedbackOpen
}

// wrong tells what body is instead of what was asked for.
func wrong(body []byte, want string, err error) error {
	trimmed := bytes.TrimSpace(body)
	syntax := (*json.SyntaxError)(nil)
	switch {
	case len(trimmed) == 0:
		return errors.New("an empty answer")
	case trimmed[0] == '<':
		// Addresses that do not exist answer 200 with the frame of the site's application.
		shown := cmp.Or(excerpt(text.FromHTML(string(trimmed[:min(len(trimmed), 8192)]))), "no text in it")
		return fmt.Errorf("the site's HTML shell instead of JSON (%s): the address may have moved", shown)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(trimmed)):
		return fmt.Errorf("JSON cut off after %d bytes", len(body))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %q", syntax.Offset, excerpt(string(trimmed[:min(len(trimmed), 400)])))
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(trimmed, &keys) != nil {
		return fmt.Errorf("JSON without %s: %q", want, excerpt(string(trimmed[:min(len(trimmed), 400)])))
	}
	if err != nil {
		return fmt.Errorf("JSON of another shape than %s: %v", want, err)
	}
	return fmt.Errorf("JSON without %s; its keys are %s", want, excerpt(strings.Join(slices.Sorted(maps.Keys(keys)), ", ")))
}

// excerpt cuts s to what fits in a message.
func excerpt(s string) string { return text.Snippet(text.Clean(s), 160) }
