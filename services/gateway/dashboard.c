/* services/gateway/dashboard.c
 *
 * GET /dashboard: the nation's figures as they move. The page reads the stream with
 * fetch, because EventSource cannot send the token, and keeps the token in memory of
 * the tab only. */
#include "services/gateway/pages.h"

static const char view[] =
	"<style>.wide{max-width:70rem}form{display:flex;gap:.6rem;flex-wrap:wrap;margin-bottom:1rem}"
	"input,button{font:inherit;padding:.45rem .7rem;border:1px solid var(--line);border-radius:.4rem;"
	"background:var(--ground);color:var(--ink)}input[name=token]{flex:1 1 16rem}button{cursor:pointer}"
	".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}"
	".tile{border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}.tile "
	"b{display:block;font-size:1.8rem;"
	"font-variant-numeric:tabular-nums}.tile small{color:var(--soft);display:block}"
	".tile.moved{outline:2px solid var(--accent)}</style>"
	"<main class=\"card wide\"><h1>Số liệu trực tiếp <small lang=\"en\">/ live figures</small></h1>"
	"<form id=\"f\"><input name=\"token\" type=\"password\" autocomplete=\"off\" placeholder=\"Token\" required>"
	"<input name=\"authority\" placeholder=\"Mã đơn vị / unit code (VN)\"><button>Xem / Follow</button></form>"
	"<p id=\"s\" class=\"note\">Nhập token có vai trò DASHBOARD. <span lang=\"en\">Enter a token with role "
	"DASHBOARD."
	"</span></p><div id=\"t\" class=\"tiles\"></div>";

static const char script[] =
	"<script>\n"
	"const $=i=>document.getElementById(i),names={},tiles={};let stop=null,last=null;\n"
	"fetch('/v1/figures/definitions').then(r=>r.json()).then(d=>{for(const m of "
	"d.definitions||[])names[m.metric]=m});\n"
	"function say(t){$('s').textContent=t}\n"
	"function show(f){const k=[f.metric,f.authorityId,f.category,f.month].join('|');let e=tiles[k];\n"
	" if(!e){e=document.createElement('div');e.className='tile';e.append(document.createElement('small'),"
	"document.createElement('b'),document.createElement('small'));const d=names[f.metric];\n"
	"  e.children[0].textContent=d?d.countsVi||d.counts:f.metric;\n"
	"  e.children[2].textContent=[f.authorityCode,f.category,f.month,d?d.counts:''].filter(x=>x).join(' · ');\n"
	"  tiles[k]=e;$('t').append(e)}\n"
	" const v=f.masked?'< 5':Number(f.value).toLocaleString('vi-VN');\n"
	" if(e.children[1].textContent!==v){e.children[1].textContent=v;e.classList.add('moved');"
	"setTimeout(()=>e.classList.remove('moved'),600)}}\n"
	"function event(b){let t='message',d='';for(const l of b.split('\\n')){const "
	"i=l.indexOf(':');if(i<1)continue;\n"
	"  const n=l.slice(0,i),v=l.slice(i+1).replace(/^ /,'');if(n==='id')last=v;else if(n==='event')t=v;"
	"else if(n==='data')d+=v}\n"
	" if(t==='figure'&&d)show(JSON.parse(d));\n"
	" if(t==='reset'){for(const k in tiles){tiles[k].remove();delete tiles[k]}}}\n"
	"async function follow(token,authority,signal){for(;;){try{\n"
	" const h={Authorization:'Bearer '+token,Accept:'text/event-stream'};if(last)h['Last-Event-ID']=last;\n"
	" const r=await fetch('/v1/figures/stream?authority='+encodeURIComponent(authority),{headers:h,signal});\n"
	" if(!r.ok){const p=await r.json().catch(()=>({}));say((p.title||r.status)+(p.detail?': '+p.detail:''));"
	"if(r.status<500&&r.status!==429)return}\n"
	" else{say('Đang theo dõi / following');const q=r.body.getReader(),c=new TextDecoder();let b='';\n"
	"  for(;;){const{value,done}=await q.read();if(done)break;b+=c.decode(value,{stream:true});let i;\n"
	"   while((i=b.indexOf('\\n\\n'))>=0){event(b.slice(0,i));b=b.slice(i+2)}}}\n"
	" }catch(e){if(signal.aborted)return}\n"
	" say('Nối lại / reconnecting');await new Promise(r=>setTimeout(r,1000))}}\n"
	"$('f').addEventListener('submit',e=>{e.preventDefault();if(stop)stop.abort();stop=new "
	"AbortController();last=null;\n"
	" for(const k in tiles){tiles[k].remove();delete tiles[k]}\n"
	" follow(e.target.token.value.trim(),e.target.authority.value.trim(),stop.signal)});\n"
	"</script>";

void
dashboard_serve(struct request *request, void *context)
{
	struct buf body;
	(void)context;
	buf_init(&body, RESPONSE_BYTES_MAX);
	page_begin(&body, "Số liệu trực tiếp – Matricula");
	buf_text(&body, view);
	buf_text(&body, script);
	page_end(&body);
	page_headers(request, true);
	request_answer(request, 200, "text/html; charset=utf-8", &body);
}
