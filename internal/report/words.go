package report

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

//go:embed locale/*.json template/report.html
var files embed.FS

// words are the texts of one language, by their keys in locale/*.json.
type words struct {
	Title             string   `json:"title"`
	Made              string   `json:"made"`
	Partial           string   `json:"partial"`
	Whole             string   `json:"whole"`
	Summary           string   `json:"summary"`
	Lead              string   `json:"lead"`
	LeadUndecided     string   `json:"lead_undecided"`
	LeadNone          string   `json:"lead_none"`
	Items             plural   `json:"items"`
	ByPriority        string   `json:"by_priority"`
	Priority          string   `json:"priority"`
	Calls             string   `json:"calls"`
	Consultations     string   `json:"consultations"`
	Others            string   `json:"others"`
	New               string   `json:"new"`
	InDigest          string   `json:"in_digest"`
	Mailed            string   `json:"mailed"`
	Mails             string   `json:"mails"`
	Act               string   `json:"act"`
	Follow            string   `json:"follow"`
	NotRelevant       string   `json:"not_relevant"`
	Undecided         string   `json:"undecided"`
	InTime            string   `json:"in_time"`
	Late              string   `json:"late"`
	Passed            string   `json:"passed"`
	Total             string   `json:"total"`
	TotalNote         string   `json:"total_note"`
	Taken             string   `json:"taken"`
	TakenNone         string   `json:"taken_none"`
	Item              string   `json:"item"`
	Kind              string   `json:"kind"`
	KindCall          string   `json:"kind_call"`
	KindConsultation  string   `json:"kind_consultation"`
	KindPlanned       string   `json:"kind_planned"`
	KindNews          string   `json:"kind_news"`
	Programme         string   `json:"programme"`
	FirstSeen         string   `json:"first_seen"`
	LastDay           string   `json:"last_day"`
	Decision          string   `json:"decision"`
	DecidedAt         string   `json:"decided_at"`
	Who               string   `json:"who"`
	Why               string   `json:"why"`
	ChoiceAct         string   `json:"choice_act"`
	ChoiceFollow      string   `json:"choice_follow"`
	ChoiceNotRelevant string   `json:"choice_not-relevant"`
	TimingInTime      string   `json:"timing_in_time"`
	TimingLate        string   `json:"timing_late"`
	TimingPassed      string   `json:"timing_passed"`
	TimingAhead       string   `json:"timing_ahead"`
	Departments       string   `json:"departments"`
	Department        string   `json:"department"`
	Concerned         string   `json:"concerned"`
	Networks          string   `json:"networks"`
	Network           string   `json:"network"`
	NetworksNote      string   `json:"networks_note"`
	NetworkPriorities string   `json:"network_priorities"`
	Months            string   `json:"months"`
	MonthNames        []string `json:"month_names"`
	Gaps              string   `json:"gaps"`
	GapsNone          string   `json:"gaps_none"`
	GapPriority       string   `json:"gap_priority"`
	GapNetwork        string   `json:"gap_network"`
	GapSource         plural   `json:"gap_source"`
	GapNever          string   `json:"gap_never"`
	GapTold           plural   `json:"gap_told"`
	GapWeeded         plural   `json:"gap_weeded"`
	Sources           string   `json:"sources"`
	SourcesNote       string   `json:"sources_note"`
	Source            string   `json:"source"`
	Runs              string   `json:"runs"`
	Complete          string   `json:"complete"`
	Held              string   `json:"held"`
	DaysIll           string   `json:"days_ill"`
	Longest           string   `json:"longest"`
	Well              string   `json:"well"`
	FoundNew          string   `json:"found_new"`
	FoundChanged      string   `json:"found_changed"`
	How               string   `json:"how"`
	HowLines          []string `json:"how_lines"`
	Yes               string   `json:"yes"`
	No                string   `json:"no"`
	SheetPriorities   string   `json:"sheet_priorities"`
	SheetItems        string   `json:"sheet_items"`
	SheetDepartments  string   `json:"sheet_departments"`
	SheetNetworks     string   `json:"sheet_networks"`
	SheetSources      string   `json:"sheet_sources"`
	SheetGaps         string   `json:"sheet_gaps"`
	Percent           string   `json:"percent"`
	Decimal           string   `json:"decimal"`
	Priorities        string   `json:"priorities"`
	Address           string   `json:"address"`
	Gap               string   `json:"gap"`

	language string
}

// plural is a text with a number in it: Swedish and English have a form of their own for exactly one.
type plural struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

// of puts a number, after what else stands in it, into the fitting form.
func (p plural) of(n int, before ...any) string {
	form := p.Other
	if n == 1 {
		form = p.One
	}
	return fmt.Sprintf(form, append(before, n)...)
}

func wordsOf(language string) (*words, error) {
	if language == "" {
		language = "sv"
	}
	text, err := files.ReadFile("locale/" + language + ".json")
	if err != nil {
		return nil, fmt.Errorf("report: no language %q; there are sv and en", language)
	}
	w := &words{language: language}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(w); err != nil {
		return nil, fmt.Errorf("report: locale/%s.json: %v", language, err)
	}
	return w, nil
}

// number is a number with at most one decimal, as the language writes it.
func (w *words) number(f float64) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', -1, 64), ".", w.Decimal, 1)
}

// share is a part as a percentage. What is not all is never shown as all.
func (w *words) share(f float64) string {
	percent := float64(int(f*1000)) / 10
	return fmt.Sprintf(w.Percent, w.number(percent))
}
