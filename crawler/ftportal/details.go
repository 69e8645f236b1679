package ftportal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// missingTexts asks for the files of topics that came without text. The stamp is a hash of what the row says,
// so that a file is asked for again only when its row changes. The page that shows the row asks, and not
// Gather: a file that does not exist would look to Gather like one that was not asked for yet, for ever.
func missingTexts(src kind.Source, a ask, items []kind.Item) []kind.Request {
	if a.Type != types[0].code {
		return nil // there are files of topics only
	}
	var out []kind.Request
	for _, it := range items {
		if c := it.Call; c.Text == "" && c.Identifier != "" && it.Hold == "" {
			out = append(out, detailsRequest(src, c.Ref, c.Identifier, rowStamp(c)))
		}
	}
	return out
}

// rowStamp hashes what moves when a topic is edited. Budget and call code are left out: they come and go
// between answers without an edit.
func rowStamp(c call.Call) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q", c.Identifier, c.Title, c.Status, c.Opens)
	for _, d := range c.Deadlines {
		fmt.Fprintf(h, " %q", d.Date())
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// topic is the file of a topic, in both formats: the older one (type 0) and that of late 2024 (type 1).
type topic struct {
	CCM2       json.RawMessage `json:"ccm2Id"` // a number, or the same as text
	Identifier string          `json:"identifier"`
	CallID     string          `json:"callIdentifier"`
	CallTitle  string          `json:"callTitle"`
	Keywords   []string        `json:"keywords"`
	Tags       []string        `json:"tags"`
	Divisions  []struct {
		ID    json.Number `json:"id"`
		Label string      `json:"description"`
	} `json:"programmeDivision"`
	Programme struct {
		ID json.Number `json:"id"`
	} `json:"frameworkProgramme"`
	Description string          `json:"description"`
	Conditions  string          `json:"conditions"`
	Budget      json.RawMessage `json:"budgetOverviewJSONItem"`
}

// parseDetails reads the file of the topic ref as a part: it fills what the row of the search lacks. Title,
// status and dates are the row's, always.
func parseDetails(src kind.Source, ref string, body []byte) (kind.Page, error) {
	var answer struct {
		Topic *topic `json:"TopicDetails"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Topic == nil {
		return kind.Page{}, wrong(body, "TopicDetails", err)
	}
	t := answer.Topic
	p := kind.Page{Total: -1}
	// Two topics can share an identifier; the file is that of one of them.
	if number := string(bytes.Trim(t.CCM2, `"`)); number != leadingDigits(ref) {
		p.Notes = append(p.Notes, kind.Note{Ref: ref, Text: fmt.Sprintf("the topic file of %q is that of %s", t.Identifier, number)})
		return p, nil
	}
	c := call.Call{
		Source:    src.ID,
		Ref:       ref,
		Kind:      call.KindCall,
		Call:      text.Clean(t.CallID),
		CallTitle: mendTitle(t.CallTitle),
		Topics:    words(slices.Concat(flatten(t.Keywords), flatten(t.Tags)), t.Identifier, t.CallID),
		Text:      joinHTML([]string{t.Description}),
		Eligible:  eligible(t.Conditions),
	}
	slices.SortFunc(t.Divisions, func(a, b struct {
		ID    json.Number `json:"id"`
		Label string      `json:"description"`
	}) int {
		return compareCodes(a.ID.String(), b.ID.String())
	})
	for _, d := range t.Divisions {
		if l := text.Clean(d.Label); l != "" && d.ID != t.Programme.ID && !slices.Contains(c.Divisions, l) {
			c.Divisions = append(c.Divisions, l)
		}
	}
	if s := strings.TrimSpace(string(t.Budget)); s != "" && s != "null" {
		b, err := readBudget(t.Budget, t.Identifier)
		if err != nil {
			p.Notes = append(p.Notes, kind.Note{Ref: ref, Text: excerpt(err.Error())})
		}
		c.BudgetEUR, c.Grants, c.MinEUR, c.MaxEUR = b.EUR, b.Grants, b.Min, b.Max
	}
	p.Items = []kind.Item{{Call: c, Fill: true}}
	return p, nil
}
