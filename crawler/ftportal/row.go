package ftportal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// Addresses for people. The index's own drifted between portal versions, and of cascade calls end in the
// number of the parent topic, so they are built here.
const (
	topicPage    = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/"
	cascadePage  = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/competitive-calls-cs/"
	prospectPage = "https://webgate.ec.europa.eu/prospect/external/publishedcalls.htm?callId="
)

// row is one result of a search.
type row struct {
	Reference string   `json:"reference"`
	Language  string   `json:"language"`
	Summary   string   `json:"summary"`
	Metadata  metadata `json:"metadata"`

	broken string // why the row could not be read; empty when it could
}

// metadata are the fields that we read, each a list of texts.
type metadata struct {
	Reference   []string `json:"REFERENCE"`
	DataSource  []string `json:"DATASOURCE"`
	Type        []string `json:"type"`
	Status      []string `json:"status"`
	Language    []string `json:"language"`
	Identifier  []string `json:"identifier"`
	Title       []string `json:"title"`
	CallID      []string `json:"callIdentifier"`
	CallTitle   []string `json:"callTitle"`
	CallCCM2    []string `json:"callccm2Id"`
	OwnTitle    []string `json:"caName"` // of a cascade call; on PROSPECT rows it says "true"
	Project     []string `json:"projectAcronym"`
	Programme   []string `json:"frameworkProgramme"`
	Divisions   []string `json:"programmeDivision"`
	Opens       []string `json:"startDate"`
	Deadlines   []string `json:"deadlineDate"`
	Model       []string `json:"deadlineModel"`
	ActionTypes []string `json:"typesOfAction"`
	Actions     []string `json:"actions"`
	Budget      []string `json:"budgetOverview"`
	Keywords    []string `json:"keywords"`
	Tags        []string `json:"tags"`
	Topic       []string `json:"descriptionByte"`
	Description []string `json:"description"`
	Further     []string `json:"furtherInformation"`
	Admin       []string `json:"beneficiaryAdministration"`
	Conditions  []string `json:"topicConditions"`
}

// readOddRow reads a row whose fields are not all lists of texts: single values become lists of one, and
// what is neither is left out. A row that is no object at all says so in broken.
func readOddRow(data json.RawMessage) row {
	var loose struct {
		Reference any            `json:"reference"`
		Language  any            `json:"language"`
		Summary   any            `json:"summary"`
		Metadata  map[string]any `json:"metadata"`
	}
	err := json.Unmarshal(data, &loose)
	r := row{Reference: scalar(loose.Reference), Language: scalar(loose.Language), Summary: scalar(loose.Summary)}
	if err != nil {
		r.broken = "the row has an impossible shape: " + excerpt(err.Error())
		return r
	}
	lists := map[string][]string{}
	for k, v := range loose.Metadata {
		values, ok := v.([]any)
		if !ok {
			values = []any{v}
		}
		for _, x := range values {
			if s := scalar(x); s != "" {
				lists[k] = append(lists[k], s)
			}
		}
	}
	data, err = json.Marshal(lists)
	if err == nil {
		err = json.Unmarshal(data, &r.Metadata)
	}
	if err != nil {
		r.broken = "the row has an impossible shape: " + excerpt(err.Error()) // unreachable: lists of texts are what is wanted
	}
	return r
}

// scalar gives a JSON value as text; objects as their JSON, since some fields hold JSON in a text.
func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "" // unreachable: it came from JSON
	}
	return string(b)
}

// rowReader turns the rows of one page into items, and counts those that do not belong there.
type rowReader struct {
	source  string
	clock   int // of topics' deadlines, minutes after midnight
	ask     ask
	foreign []string // why, once a reason, in order of appearance
	count   map[string]int
	example map[string]string
	notes   []kind.Note
}

// read gives the item of r, or false when r is not what was asked for.
func (rr *rowReader) read(r *row) (kind.Item, bool) {
	reference := cmp.Or(strings.TrimSpace(r.Reference), first(r.Metadata.Reference))
	lang := strings.ToLower(cmp.Or(r.Language, first(r.Metadata.Language), rr.ask.Lang))
	ref := refOf(reference, lang)
	if r.broken != "" && ref != "" {
		c := call.Call{Source: rr.source, Ref: ref, Kind: call.KindCall}
		return kind.Item{Call: c, Hold: r.broken}, true
	}
	m := &r.Metadata
	switch {
	case ref == "":
		return rr.drop("without reference", first(m.Identifier))
	case !slices.Contains(m.Type, rr.ask.Type):
		return rr.drop("of type "+cmp.Or(first(m.Type), "none"), reference)
	case !overlap(m.Status, rr.ask.Status):
		return rr.drop("of status "+cmp.Or(first(m.Status), "none"), reference)
	case !slices.Contains(m.DataSource, dataSource):
		return rr.drop("of data source "+cmp.Or(first(m.DataSource), "none"), reference)
	case lang != rr.ask.Lang:
		return rr.drop("in language "+lang, reference)
	case len(rr.ask.Refs) > 0 && !slices.Contains(rr.ask.Refs, ref):
		return kind.Item{}, false // an identifier's other row: expected, and not worth a note
	}
	return rr.item(ref, lang, r), true
}

func (rr *rowReader) drop(why, example string) (kind.Item, bool) {
	if rr.count == nil {
		rr.count, rr.example = map[string]int{}, map[string]string{}
	}
	if rr.count[why] == 0 {
		rr.foreign = append(rr.foreign, why)
		rr.example[why] = example
	}
	rr.count[why]++
	return kind.Item{}, false
}

// summary gives the notes of the page: one a reason for dropping rows, then those of single rows.
func (rr *rowReader) summary() []kind.Note {
	var out []kind.Note
	for _, why := range rr.foreign {
		out = append(out, kind.Note{Text: fmt.Sprintf("%s: dropped, since %s: %d of the page's rows, first %q", rr.ask.listing(), why, rr.count[why], rr.example[why])})
	}
	return append(out, rr.notes...)
}

func (rr *rowReader) item(ref, lang string, r *row) kind.Item {
	m := &r.Metadata
	title := mendTitle(cmp.Or(first(m.Title), r.Summary))
	c := call.Call{
		Source:        rr.source,
		Ref:           ref,
		Kind:          call.KindCall,
		Status:        statusOf(m.Status),
		Identifier:    text.Clean(first(m.Identifier)),
		Language:      lang,
		Programme:     programme(m.Programme),
		DeadlineModel: text.Clean(first(m.Model)),
		Divisions:     divisions(m.Divisions, m.Programme),
		Topics:        keywords(m),
		Eligible:      eligible(strings.Join(m.Conditions, "\n")),
	}
	var hold []string
	clock := -1
	switch rr.ask.Type {
	case "8":
		number := cmp.Or(first(m.CallCCM2), leadingDigits(ref))
		// All cascade calls of a topic carry the topic's title and identifier.
		c.ParentTitle, c.Call, c.Identifier = title, c.Identifier, ref
		c.Title = mendTitle(cmp.Or(first(m.OwnTitle), first(m.CallTitle), r.Summary, first(m.Title)))
		c.Project = text.Clean(first(m.Project))
		c.Text = joinHTML(m.Description, m.Further, m.Admin)
		c.URL = cascadePage + url.PathEscape(number)
	case "2":
		number := cmp.Or(first(m.CallID), leadingDigits(ref))
		c.Title, c.Call = title, number
		c.Text = joinHTML(m.Description, m.Topic)
		c.URL = prospectPage + url.QueryEscape(number)
	default:
		clock = rr.clock
		c.Title, c.Call, c.CallTitle = title, text.Clean(first(m.CallID)), mendTitle(first(m.CallTitle))
		c.Text = joinHTML(m.Topic, m.Description)
		c.URL = topicPage + url.PathEscape(c.Identifier)
		if c.Identifier == "" {
			hold = append(hold, "the topic has no identifier")
		}
		c.ActionTypes = actionTypes(m)
		if s := first(m.Budget); s != "" {
			b, err := readBudget([]byte(s), c.Identifier)
			if err != nil {
				rr.notes = append(rr.notes, kind.Note{Ref: ref, Text: excerpt(err.Error())})
			}
			c.BudgetEUR, c.Grants, c.MinEUR, c.MaxEUR = b.EUR, b.Grants, b.Min, b.Max
		}
	}
	if s, ok := readStamp(first(m.Opens)); ok {
		c.Opens = s.day()
	} else if v := first(m.Opens); v != "" {
		rr.notes = append(rr.notes, kind.Note{Ref: ref, Text: fmt.Sprintf("opening date %q cannot be read", v)})
	}
	var bad []string
	c.Deadlines, bad = readDeadlines(m.Deadlines, clock)
	if c.Title == "" {
		hold = append(hold, "the row has no title")
	}
	if len(bad) > 0 {
		hold = append(hold, fmt.Sprintf("deadline %q cannot be read", bad[0]))
	} else if len(c.Deadlines) == 0 {
		hold = append(hold, "the row has no deadline")
	}
	return kind.Item{Call: c, Hold: strings.Join(hold, "; ")}
}

// refOf takes the language off a reference: 50138952TOPICSen, 13741COMPETITIVE_CALLen and 186204PROSPECTSEN, and
// 45878981EUAFProjectGrants1678320000000bg of the former index.
func refOf(reference, lang string) string {
	for _, t := range types {
		if head, tail, ok := strings.Cut(reference, t.marker); ok && len(tail) <= 5 && isLetters(tail) {
			return head + t.marker
		}
	}
	if head, ok := strings.CutSuffix(reference, lang); ok && lang != "" && head != "" && isCode(head[len(head)-1:]) {
		return head
	}
	return reference
}

func isLetters(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

func leadingDigits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

func statusOf(codes []string) call.Status {
	for _, c := range codes {
		switch c {
		case statusForthcoming:
			return call.StatusForthcoming
		case statusOpen:
			return call.StatusOpen
		case statusClosed:
			return call.StatusClosed
		}
	}
	return ""
}

// programme gives the short name of a programme, or the code for Gather to look up.
func programme(values []string) string {
	code := first(values)
	return cmp.Or(known().programmes[code], text.Clean(code))
}

// divisions gives the codes of the parts of the programme. The portal shuffles them; numbers rise from the
// coarse to the fine, by the order in which programmes are registered. The programme itself is left out.
func divisions(values, programme []string) []string {
	var out []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && v != "null" && !slices.Contains(programme, v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, compareCodes)
	return slices.Compact(out)
}

func compareCodes(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// keywords gives keywords and tags without the codes of the topic and its call, which stand among them.
func keywords(m *metadata) []string {
	return words(append(flatten(m.Keywords), flatten(m.Tags)...), first(m.Identifier), first(m.CallID))
}

// words cleans a list of words: each once whatever its case, none of the codes, no leftover JSON, in order of the alphabet,
// since the portal's own order changes between answers.
func words(list []string, codes ...string) []string {
	var out []string
	for _, w := range list {
		w = text.Clean(w)
		if w == "" || w == "null" || strings.ContainsRune("[{", rune(w[0])) || slices.ContainsFunc(codes, func(c string) bool { return strings.EqualFold(c, w) }) {
			continue
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	return slices.CompactFunc(out, strings.EqualFold)
}

// flatten opens lists that stand as JSON in a text.
func flatten(values []string) []string {
	var out []string
	for _, v := range values {
		var inner []any
		if strings.HasPrefix(strings.TrimSpace(v), "[") && json.Unmarshal([]byte(v), &inner) == nil {
			for _, x := range inner {
				out = append(out, scalar(x))
			}
			continue
		}
		out = append(out, v)
	}
	return out
}

// actionTypes gives the types of action, from the field of that name or else from the actions.
func actionTypes(m *metadata) []string {
	if list := words(flatten(m.ActionTypes)); len(list) > 0 {
		return list
	}
	var actions []struct {
		Types []struct {
			Name string `json:"typeOfAction"`
		} `json:"types"`
	}
	if json.Unmarshal([]byte(first(m.Actions)), &actions) != nil {
		return nil
	}
	var list []string
	for _, a := range actions {
		for _, t := range a.Types {
			list = append(list, t.Name)
		}
	}
	return words(list)
}

// first gives the first value that says something.
func first(values []string) string {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && v != "null" {
			return v
		}
	}
	return ""
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
