package index

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	// word=parts without the linking s; a word alone must stay whole.
	tests := strings.Fields(`
		kompetensförsörjning=kompetens+försörjning bredbandsutbyggnad=bredband+utbyggnad
		läkemedelsforskning=läkemedel+forskning järnvägstrafik=järnväg+trafik skogsbioekonomi=skog+bioekonomi
		sjukvårdsdata=sjuk+vård+data godstransporter=gods+transporter folkhögskola=folk+högskola
		kollektivtrafikutredning=kollektiv+trafik+utredning tandvårdsstöd=tand+vård+stöd
		hållbarhetsmålen=hållbarhet+målen kompetensförsörjningens=kompetens+försörjningens
		bredbandsutbyggnaden=bredband+utbyggnaden energieffektivisering=energi+effektivisering
		klimatanpassning=klimat+anpassning vindkraftspark=vind+kraft+park
		kulturarv=kultur+arv arbetsmarknad=arbets+marknad hälsodata=hälso+data naturvård=natur+vård
		besöksnäring=besök+näring landsbygdsutveckling=landsbygd+utveckling miljömål=miljö+mål
		cybersäkerhet=cyber+säkerhet handlingsplan=handling+plan flygplats=flyg+plats havsmiljö=havs+miljö
		dataskyddslag=data+skydd+lag lagrådsremiss=lag+råd+remiss utsläppshandel=utsläpp+handel
		turistbyrå=turist+byrå länsstyrelsen=län+styrelsen rättsstat=rätt+stat
		tillgänglighet tillgängligheten utlysning utlysningarna hållbarhet verksamhet framtid upphandling
		förslag anslag områden transporten rapporter export tillväxt jämställdhet sammanhållning
		resultaten personalen delegationerna soldater material materialet bolagen program klimatet`)
	for _, tt := range tests {
		word, want, compound := strings.Cut(tt, "=")
		var got []string
		for _, s := range swedishWords().split(word) {
			got = append(got, word[s.from:s.to])
		}
		if !compound {
			want = ""
		}
		if g := strings.Join(got, "+"); g != want {
			t.Errorf("split(%q) = %q, want %q", word, g, want)
		}
	}
}

func TestSplitCoversTheWord(t *testing.T) {
	t.Parallel()
	for _, word := range strings.Fields("sjöfartsövervakningsmyndighet hälsoekonomi ålderspension järnvägsunderhåll") {
		end := 0
		parts := swedishWords().split(word)
		if len(parts) < 2 {
			t.Errorf("split(%q) = %v, want parts", word, parts)
			continue
		}
		for _, s := range parts {
			if gap := word[end:s.from]; gap != "" && gap != "s" {
				t.Errorf("split(%q) leaves out %q", word, gap)
			}
			if !utf8.ValidString(word[s.from:s.to]) {
				t.Errorf("split(%q) cuts a letter at %v", word, s)
			}
			end = s.to
		}
		if end != len(word) {
			t.Errorf("split(%q) ends at byte %d of %d", word, end, len(word))
		}
	}
}

func TestWordsFile(t *testing.T) {
	t.Parallel()
	var last string
	for line := range strings.Lines(wordsFile) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			if w <= last {
				t.Errorf("words_sv.txt: %q after %q: want the words sorted and once each", w, last)
			}
			if w != strings.ToLower(w) || !long(w) {
				t.Errorf("words_sv.txt: %q is too short or not in lower case", w)
			}
			last = w
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	words := strings.Fields("kollektivtrafikutredning tillgänglighetsdirektivet utlysningarna regionförbundet")
	l := swedishWords()
	for i := 0; b.Loop(); i++ {
		l.split(words[i%len(words)])
	}
}
