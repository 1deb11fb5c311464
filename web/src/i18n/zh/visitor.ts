export default {
  title: '心理热线',
  tab: { home: '倾诉', history: '历史', me: '我的', label: '导航' },
  outside: '请在微信小程序中使用本热线。',
  notOpened: '这一页没有打开，可能是网络不好。请再点一次。',
  emergency: {
    title: '如果你或身边的人正处于危险中，请立即拨打：', call: '拨打 {name} {number}',
    usual: { 12356: '全国统一心理援助热线', 110: '报警', 120: '急救' },
  },
  consent: {
    title: '开始之前', lead: '请先阅读以下说明', agree: '我同意', wait: '我同意（{n}）', decline: '暂不使用',
    declined: '没关系。需要的时候，随时可以回来。', again: '重新阅读', name: '希望我们怎么称呼你？（可不填）', nameHint: '可以用昵称',
  },
  choose: {
    hello: '你好，{name}', helloNobody: '你好', lead: '想和谁聊聊？', anyone: '马上找人聊聊', anyoneWait: '先排队，等人来',
    hint: {
      free: '由有空的咨询师接待', busy: '值班的咨询师都在忙，要排一会儿队', away: '值班的咨询师现在都不在线，有人上线时按先后顺序接待',
      nobody: '今天不一定能等到人。可以先排着，也可以改天再来', unknown: '由有空的咨询师接待，都在忙时需要排队',
    },
    onDuty: '今天值班', consulted: '咨询过', rating: '评分 {n}', noRating: '暂无评分', waiting: '{n} 人等待', free: '可以马上开始',
    nobody: '今天没有咨询师值班', nobodyHint: '很抱歉此刻没能陪着你。着急的话，请直接打下面的电话。', start: '开始咨询', wait: '排队等待', with: '咨询 {name}',
    fallback: '如果久等，也可以由其他咨询师接待', now: 'TA 现在有空，可以马上开始。', busy: 'TA 正在忙。', before: '前面有 {n} 人等待。',
    away: 'TA 现在不在线，什么时候回来还不知道。', gone: 'TA 现在不能接待了，请换一位。', refresh: '刷新',
  },
  waiting: {
    title: '正在为你安排', ahead: '前面还有 {n} 位', next: '下一位就是你', with: '等待 {name}', anyone: '等待有空的咨询师', widened: '也可由其他咨询师接待',
    estimate: '预计还要约 {time}', noEstimate: '按先后顺序接待',
    nobody: '已经排上队了', nobodyHint: '现在没有咨询师在线。有人上线时，会按先后顺序接待。', shift: '下一次有人值班：{day}',
    until: '最晚可以等到 {time}。到时还没有人，排队会自动结束，我们会告诉你。', since: '已等待 {time}', stay: '可以先关掉页面，你的位置会为你留着。',
    breathe: '跟着圆圈，慢慢呼吸', cancel: '不等了', cancelAsk: '确定不等了吗？你的位置将不再保留。', keep: '继续等',
    offline: '咨询师暂时不在线', away: '咨询师暂时离开', busy: '咨询师正在接待别人', turn: '轮到你了',
  },
  talk: {
    begin: '{name} 已经在这里了。从哪里说起都可以，慢慢来。',
    lasting: '已聊 {time}', end: '结束', endAsk: '确定结束这次咨询吗？', endYes: '结束咨询', endNo: '继续聊',
    log: '与 {name} 的对话',
  },
  end: {
    title: '排队已结束', own: '你结束了这次咨询', again: '再找人聊聊', seen: '知道了',
    line: {
      waiting: { why: '抱歉，让你等了这么久，还是没有人空下来。这不是你的问题。', next: '到了最长等待时间，排队已自动结束。你可以再排一次；如果现在很难受，请先打下面的电话。' },
      'counselor-gone': { why: '抱歉，你等的那位咨询师暂时不能接待了。', next: '这和你没有关系。可以另找一位咨询师，也可以先打下面的电话。' },
      administrator: { why: '抱歉，你的排队被管理员结束了。', next: '可以再排一次；如果现在很难受，请先打下面的电话。' },
      supervisor: { why: '抱歉，你的排队被督导结束了。', next: '可以再排一次；如果现在很难受，请先打下面的电话。' },
      banned: { why: '抱歉，你的排队被中止了。', next: '可以再找人聊聊；如果现在很难受，请先打下面的电话。' },
      other: { why: '抱歉，你的排队已经结束，这次没有等到人。', next: '可以再排一次；如果现在很难受，请先打下面的电话。' },
    },
    talk: {
      counselor: { why: '咨询师结束了这次咨询。', next: '谢谢你愿意说出来。需要的时候，随时可以再来。' },
      supervisor: { why: '督导结束了这次咨询。', next: '如果还有话想说，可以再找人聊聊。' },
      administrator: { why: '管理员结束了这次咨询。', next: '如果还有话想说，可以再找人聊聊。' },
      silence: { why: '有一段时间没有新消息，这次咨询自动结束了。', next: '没关系。想说的时候再来，从哪里说起都可以。' },
      limit: { why: '这次咨询的时间到了。', next: '没说完也没关系，可以休息一下，再找人接着聊。' },
      absent: { why: '你的连接断开了一段时间，这次咨询自动结束了。', next: '也许只是网络不好。说过的话还在“历史”里，可以再找人接着聊。' },
      'counselor-gone': { why: '抱歉，咨询师临时不能继续，这次咨询中断了。', next: '这和你说的话没有关系。可以马上再找一位咨询师。' },
      banned: { why: '抱歉，这次咨询被机构中止了。', next: '如果还有话想说，可以再找一位咨询师；急的话，请打下面的电话。' },
      other: { why: '这次咨询结束了。', next: '如果还有话想说，可以再找人聊聊。' },
    },
  },
  door: {
    barredTitle: '现在不能在这里聊了', barred: '这里的对话被中止了，暂时不能继续。如果你觉得是误会，可以联系为你提供服务的机构。难受的时候，你仍然可以打下面的电话。',
    refused: '现在没有办法进入。可以过一会儿再试；急的话，请先打下面的电话。', lost: '你离开了一会儿，需要重新进来。', enter: '重新进来',
  },
  rate: {
    title: '这次咨询已结束', with: '与 {name} · {time}', ask: '这次聊得怎么样？', words: '想说的话（可不填）', submit: '提交评价', skip: '以后再说',
    thanks: '谢谢你的反馈', stars: '{n} 星', level1: '不太好', level2: '一般', level3: '还可以', level4: '不错', level5: '很有帮助',
    needLevel: '请选择星级',
  },
  history: {
    title: '历史咨询', empty: '还没有咨询记录', more: '加载更多', rate: '去评价', nobody: '未接通', noWords: '这次没有聊天内容', back: '返回',
  },
  me: {
    title: '我的资料', name: '称呼', gender: '性别', female: '女', male: '男', secret: '不说', age: '年龄', phone: '手机号', contact: '紧急联系人',
    contactPhone: '紧急联系人电话', contactHint: '只有在生命安全受到威胁时才会联系 TA。', save: '保存', saved: '已保存', consent: '知情同意书',
    leave: '退出并清除痕迹', leaveYes: '退出并清除',
    leaveAsk: '退出后，这台设备上不会留下你的对话和资料；没说完的草稿也会清除。正在进行的咨询或排队不会因此结束。',
    other: '换一个访客身份', otherAsk: '将以新的访客身份重新开始，之前的记录留在原来的身份下。', otherYes: '换身份', sandbox: '演示环境',
  },
}
