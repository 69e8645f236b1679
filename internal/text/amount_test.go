package text

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want []string // value, currency and the text it was read from
	}{
		{"12 500 000 kr", []string{"12500000 SEK: 12 500 000 kr"}},
		{"12\u00a0500\u00a0000\u00a0kr.", []string{"12500000 SEK: 12\u00a0500\u00a0000\u00a0kr"}},
		{"högst 12,5 miljoner kronor per projekt", []string{"12500000 SEK: 12,5 miljoner kronor"}},
		{"Vinnova satsar 40 miljoner svenska kronor", []string{"40000000 SEK: 40 miljoner svenska kronor"}},
		{"2.5 mnkr", []string{"2500000 SEK: 2.5 mnkr"}},
		{"2,5 Mkr och 300 tkr", []string{"2500000 SEK: 2,5 Mkr", "300000 SEK: 300 tkr"}},
		{"4 MSEK", []string{"4000000 SEK: 4 MSEK"}},
		{"SEK 4m", []string{"4000000 SEK: SEK 4m"}},
		{"SEK4m", []string{"4000000 SEK: SEK4m"}},
		{"3 milj. kr", []string{"3000000 SEK: 3 milj. kr"}},
		{"1,2 miljarder euro", []string{"1200000000 EUR: 1,2 miljarder euro"}},
		{"95,5 miljarder euro under 2021–2027", []string{"95500000000 EUR: 95,5 miljarder euro"}},
		{"EUR 3.5 million", []string{"3500000 EUR: EUR 3.5 million"}},
		{"EUR 3.500 million", []string{"3500000 EUR: EUR 3.500 million"}},
		{"€ 2 000 000", []string{"2000000 EUR: € 2 000 000"}},
		{"€2,000,000.50", []string{"2000000.5 EUR: €2,000,000.50"}},
		{"2.000.000,50 €", []string{"2000000.5 EUR: 2.000.000,50 €"}},
		{"3 M€", []string{"3000000 EUR: 3 M€"}},
		{"3M€ eller 500 k€", []string{"3000000 EUR: 3M€", "500000 EUR: 500 k€"}},
		{"€3.5m, €1.2bn", []string{"3500000 EUR: €3.5m", "1200000000 EUR: €1.2bn"}},
		{"100 000,00 €", []string{"100000 EUR: 100 000,00 €"}},
		{"Total funding available: 100 000,00 €", []string{"100000 EUR: 100 000,00 €"}},
		{"budget of EUR 24 000 000 for 2026", []string{"24000000 EUR: EUR 24 000 000"}},
		{"Budget 2026 EUR 3 million", []string{"3000000 EUR: EUR 3 million"}},
		{"60 000 euros (lump sum)", []string{"60000 EUR: 60 000 euros"}},
		{"60.000 euros", []string{"60000 EUR: 60.000 euros"}},
		{"1 500 NOK, 20 000 DKK och £5,000 men $10 billion", []string{"1500 NOK: 1 500 NOK", "20000 DKK: 20 000 DKK", "5000 GBP: £5,000", "10000000000 USD: $10 billion"}},
		{"mellan 2 och 5 miljoner kronor", []string{"2000000 SEK: 2", "5000000 SEK: 5 miljoner kronor"}},
		{"2–5 miljoner kronor", []string{"2000000 SEK: 2", "5000000 SEK: 5 miljoner kronor"}},
		{"between EUR 3 and 5 million", []string{"3000000 EUR: EUR 3", "5000000 EUR: 5 million"}},
		{"between EUR 3.00 and 5.00 million", []string{"3000000 EUR: EUR 3.00", "5000000 EUR: 5.00 million"}},
		{"from EUR 10 to EUR 30 million", []string{"10000000 EUR: EUR 10", "30000000 EUR: EUR 30 million"}},
		{"EUR 3 million – EUR 5 million", []string{"3000000 EUR: EUR 3 million", "5000000 EUR: EUR 5 million"}},
		{"€2 – €4", []string{"2 EUR: €2", "4 EUR: €4"}},
		{"EUR 100 000 – 300 000", []string{"100000 EUR: EUR 100 000", "300000 EUR: 300 000"}},
		{"500 000 till 1 000 000 kr", []string{"500000 SEK: 500 000", "1000000 SEK: 1 000 000 kr"}},
		{"500:- per deltagare", []string{"500 SEK: 500:-"}},
		{"0,125 miljoner euro", []string{"125000 EUR: 0,125 miljoner euro"}},
		{"högst 50 % eller 30 000 kr/år", []string{"30000 SEK: 30 000 kr"}},
		{"Bidraget är 7,5 miljoner kronor; eget 2,5 miljoner kronor.", []string{"7500000 SEK: 7,5 miljoner kronor", "2500000 SEK: 2,5 miljoner kronor"}},
		{"EUR 10 million (of which 4 million for SMEs)", []string{"10000000 EUR: EUR 10 million"}},

		{"", nil},
		{"3 miljoner invånare", nil},
		{"2021–2027, SOU 2025:119, 1.2.3", nil},
		{"HORIZON-CL5-2026 kr", nil},
		{"5 krav och 3 eurokoder", nil},
		{"100 m", nil},
		{"tfn 010-516 54 00", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, a := range Amounts(tt.in) {
			got = append(got, fmt.Sprintf("%s %s: %s", strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", a.Value), "0"), "."), a.Currency, tt.in[a.Start:a.End]))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Amounts(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestAmountEuros(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a    Amount
		want int64
		ok   bool
	}{
		{Amount{Value: 2.5e6, Currency: "EUR"}, 2500000, true},
		{Amount{Value: 2.5e6, Currency: "SEK"}, 0, false},
		{Amount{Value: 1e300, Currency: "EUR"}, 0, false},
	} {
		if got, ok := tt.a.Euros(); got != tt.want || ok != tt.ok {
			t.Errorf("%+v.Euros() = %d, %v", tt.a, got, ok)
		}
	}
}

func TestAmountsInLongText(t *testing.T) {
	t.Parallel()
	for _, filler := range []string{"1 ", "1.", "111 ", "111.", "kr ", "1–", "€", "m ", "EUR ", "1 m ", "mellan ", "svenska ", "1", "\xff", " "} {
		s := strings.Repeat(filler, 1<<18/len(filler)) + "\n\ntotalt 12,5 miljoner kronor"
		found := Amounts(s)
		if n := len(found); n == 0 || found[n-1].Value != 12.5e6 {
			t.Errorf("after many %q: found %d amounts and not the last", filler, n)
		}
	}
}

func FuzzAmounts(f *testing.F) {
	for _, s := range []string{"12 500 000 kr", "mellan 2 och 5 miljoner kronor", "EUR 3.5 million", "2.000.000,50 €", "3 M€, 500 T€", "2026 EUR 3 million", "500:-", "€1.2bn – 4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, a := range Amounts(s) {
			if a.Start < last || a.End <= a.Start || a.End > len(s) {
				t.Fatalf("Amounts(%q): %d..%d after %d of %d", s, a.Start, a.End, last, len(s))
			}
			last = a.End
			if utf8.ValidString(s) && !utf8.ValidString(s[a.Start:a.End]) {
				t.Fatalf("Amounts(%q): %q splits a character", s, s[a.Start:a.End])
			}
			if len(a.Currency) != 3 || a.Value < 0 || a.Value != a.Value {
				t.Fatalf("Amounts(%q): %+v", s, a)
			}
		}
	})
}
